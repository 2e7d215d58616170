// Takes: nothing. Gives: the tokenizer of models that read bytes: one token per byte of UTF-8.
// Promises: nothing is added, nothing is lost.
import { UserError } from '../user-error.ts';
import type { TokenDecoder, Tokenizer } from './tokenizer.ts';

export const byteDecoder: TokenDecoder = {
  push: (token) => (token < 256 ? Uint8Array.of(token) : new Uint8Array()),
  finish: () => new Uint8Array(),
};

export const bytesTokenizer: Tokenizer = {
  name: 'bytes',
  size: 256,
  baseSize: 256,
  stops: new Set(),
  end: null,
  encode: (text) => [...new TextEncoder().encode(text)],
  decoder: () => byteDecoder,
  textOf: (token) => (token < 256 ? String.fromCharCode(token) : null),
  chat: () => {
    throw new UserError('this model reads bytes and has no chat template; leave --chat out, and give --prompt');
  },
};
