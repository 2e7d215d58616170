// Takes: a document in parts, of any length. Gives: its tokens, in parts.
// Promises: the tokens of the whole, with what the tokenizer puts around a text, though it sees a piece at a time: a piece
// ends where the text before has the same tokens with and without what follows.
import type { Tokenizer } from './tokenizer.ts';

/** In letters. */
export interface PieceSizes {
  readonly piece: number;
  /** Of the text before a piece that is seen with it. */
  readonly before: number;
  /** Of what follows a piece and must not change it. */
  readonly after: number;
}

export async function* encodeDocument(
  tokenizer: Tokenizer,
  parts: AsyncIterable<string> | Iterable<string>,
  sizes: PieceSizes = { piece: 1 << 16, before: 256, after: 256 },
): AsyncGenerator<readonly number[]> {
  const encode: Encode = (text) => tokenizer.encode(text, { special: false });
  const { begin, end } = around(tokenizer);
  let [before, rest, wanted] = ['', '', sizes.piece];
  yield begin;
  for await (const part of parts) {
    rest += part;
    while (rest.length > wanted) {
      const cut = cutOf(before + rest, before.length, before.length + wanted - sizes.after, encode, sizes);
      wanted = cut === null ? wanted * 2 : sizes.piece;
      if (cut === null) continue;
      const seen = before + rest;
      yield encode(seen.slice(0, cut)).slice(encode(before).length);
      [before, rest] = [seen.slice(startBefore(seen, cut, sizes), cut), seen.slice(cut)];
    }
  }
  yield encode(before + rest).slice(encode(before).length);
  yield tokenizer.end === null || end.includes(tokenizer.end) ? end : [...end, tokenizer.end];
}

/** What the post-processor puts before and behind a text. */
function around(tokenizer: Tokenizer): { begin: readonly number[]; end: readonly number[] } {
  const [bare, whole] = [tokenizer.encode('a', { special: false }), tokenizer.encode('a')];
  const at = whole.findIndex((_, i) => bare.every((token, j) => whole[i + j] === token));
  return { begin: whole.slice(0, Math.max(0, at)), end: whole.slice(Math.max(0, at) + bare.length) };
}

/** Where to cut: best behind a line, else before a space. */
const places = [/(?<=[^\s]\n)(?=\S)/gu, /(?<=\n)/gu, /(?<=\S)(?= \S)/gu];

type Encode = (text: string) => readonly number[];

/** The last place before `most` where the text may be cut; null: there is none after `least`. */
function cutOf(text: string, least: number, most: number, encode: Encode, sizes: PieceSizes): number | null {
  for (const place of places) {
    const found = Array.from(text.slice(least + 1, most).matchAll(place), (match) => match.index + least + 1);
    const cut = found.slice(-8).findLast((at) => isCut(text, at, encode, sizes));
    if (cut !== undefined) return cut;
  }
  return null;
}

function isCut(text: string, at: number, encode: Encode, sizes: PieceSizes): boolean {
  const before = text.slice(startBefore(text, at, sizes), at);
  const [alone, followed] = [encode(before), encode(before + text.slice(at, at + sizes.after))];
  return alone.every((token, i) => followed[i] === token);
}

/** Half a letter is none. */
function startBefore(text: string, at: number, sizes: PieceSizes): number {
  const start = Math.max(0, at - sizes.before);
  return /[\uDC00-\uDFFF]/.test(text.charAt(start)) ? start + 1 : start;
}
