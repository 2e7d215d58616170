// Takes: nothing. Gives: what training and generation know of a tokenizer.
// Promises: bytes and tokenizer.json look the same from here.

/** Turns tokens into bytes as they come: what could still change is held back. */
export interface TokenDecoder {
  /** The bytes that are certain once this token has come; special tokens give none. */
  push(token: number): Uint8Array;
  /** What was held back. */
  finish(): Uint8Array;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
}

export interface Tokenizer {
  /** `bytes`, or the path of its tokenizer.json. */
  readonly name: string;
  /** One above the largest token there is. */
  readonly size: number;
  /** The same without tokens that were added to the vocabulary: a model may have no rows for some of those. */
  readonly baseSize: number;
  /** Tokens that end a text: end of sequence, end of turn. */
  readonly stops: ReadonlySet<number>;
  /** The token that stands behind a text in training; null where there is none. */
  readonly end: number | null;
  /** With the special tokens that the tokenizer's post-processor adds, unless `special` is false. */
  encode(text: string, options?: { readonly special?: boolean }): readonly number[];
  /** Of the tokens that follow `before`: some tokenizers drop a space that would begin the text. */
  decoder(before?: readonly number[]): TokenDecoder;
  /** As the vocabulary has it, special or not; null where there is no such token. */
  textOf(token: number): string | null;
  /** The prompt that a chat template makes of messages, ready for `encode(.., { special: false })`. @throws UserError without a template */
  chat(messages: readonly ChatMessage[]): string;
}
