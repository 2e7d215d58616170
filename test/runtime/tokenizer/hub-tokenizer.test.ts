// Takes: small tokenizers and what the `tokenizers` library for Python made of texts. Gives: the same here.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer as Library } from '@huggingface/tokenizers';
import { array, assert, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openTokenizer } from '../../../runtime/tokenizer/open-tokenizer.ts';
import type { Tokenizer } from '../../../runtime/tokenizer/tokenizer.ts';

const folder = join(import.meta.dirname, 'references');
const kinds = readdirSync(folder, { withFileTypes: true }).filter(
  (each) => each.isDirectory() && each.name !== 'chats',
);

interface Expected {
  readonly encode: readonly { readonly text: string; readonly special: number[]; readonly plain: number[] }[];
  readonly decode: readonly { readonly tokens: number[]; readonly text: string }[];
}

const expectedOf = (kind: string): Expected => JSON.parse(readFileSync(join(folder, kind, 'expected.json'), 'utf8')) as Expected; // prettier-ignore

const jsonOf = (kind: string): object => JSON.parse(readFileSync(join(folder, kind, 'tokenizer.json'), 'utf8')) as object; // prettier-ignore

function bytesOf(tokenizer: Tokenizer, tokens: readonly number[], before: readonly number[] = []): number[] {
  const decoder = tokenizer.decoder(before);
  return [...tokens.flatMap((token) => [...decoder.push(token)]), ...decoder.finish()];
}

const text = (bytes: readonly number[]): string =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));

describe.each(kinds.map(({ name }) => name))('the tokenizer %s', async (kind) => {
  const tokenizer = await openTokenizer(join(folder, kind));
  const { encode, decode } = expectedOf(kind);

  it.each(encode)('encodes $text', ({ text: source, special, plain }) => {
    expect(tokenizer.encode(source)).toEqual(special);
    expect(tokenizer.encode(source, { special: false })).toEqual(plain);
  });

  it('decodes what Python decodes', () => {
    const isByteLevel = !kind.startsWith('marked');
    // For bytes that are no UTF-8 the library for Python has one sign for each of the run; here the bytes stay.
    const cases = decode.filter((each) => isByteLevel || !each.text.includes('\ufffd'));
    expect(cases.length).toBeGreaterThan(38);
    expect(cases.map(({ tokens }) => text(bytesOf(tokenizer, tokens)))).toEqual(cases.map((each) => each.text));
  });

  it('streams what a decoder of the whole gives', () => {
    const config = { clean_up_tokenization_spaces: false };
    const library: { decode(tokens: readonly number[], options: object): string } = new Library(jsonOf(kind), config);
    const tokens = array(integer({ min: 0, max: tokenizer.size - 1 }), { minLength: 1, maxLength: 40 });
    assert(
      property(tokens, (list) => {
        expect(text(bytesOf(tokenizer, list))).toBe(library.decode(list, { skip_special_tokens: true }));
      }),
      { numRuns: 300 },
    );
  });

  it('goes on behind a prompt as if both were one text', () => {
    const token = integer({ min: 0, max: tokenizer.size - 1 });
    assert(
      property(array(token), array(token), (before, tokens) => {
        const whole = bytesOf(tokenizer, [...before, ...tokens]);
        const start = bytesOf(tokenizer, before).length;
        expect(bytesOf(tokenizer, tokens, before)).toEqual(whole.slice(start));
      }),
    );
  });
});
