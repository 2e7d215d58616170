// Takes: globs or paths of text files, and a tokenizer. Gives: their tokens, cut into a training and a held-out part.
// Promises: files in a fixed order, so that one seed gives one run; every fault names the file or the numbers; no file is
// in memory as text.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { glob } from 'tinyglobby';
import { bytesTokenizer } from '../tokenizer/bytes.ts';
import { encodeDocument } from '../tokenizer/encode-document.ts';
import { requireFit, requireTokens } from '../tokenizer/fit.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { UserError } from '../user-error.ts';
import type { Tokens } from './batches.ts';
import { TokenList } from './token-list.ts';

export interface Corpus {
  readonly train: Tokens;
  readonly held: Tokens;
  readonly files: number;
  /** SHA-256 of both parts and of where the cut lies. */
  readonly fingerprint: string;
}

export interface CorpusOptions {
  /** Without one a token is a byte. With one, what it puts around a text stands around every file. */
  readonly tokenizer?: Tokenizer;
  /** Of the model. */
  readonly vocab?: number;
  /** Bytes that are read, and all bytes. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** @throws UserError when nothing matches, a file cannot be read, or there is no text in it. */
export async function readCorpus(
  globs: readonly string[],
  folder: string,
  heldFraction: number,
  { tokenizer = bytesTokenizer, vocab, onProgress }: CorpusOptions = {},
): Promise<Corpus> {
  if (vocab !== undefined) requireFit(tokenizer, vocab);
  const paths = await filesOf(globs, folder);
  const sizes = await Promise.all(paths.map((path) => orSay(path, async () => (await stat(path)).size)));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total === 0) throw new UserError(`the data is empty: ${paths.length} files of ${globs.join(', ')} hold no bytes`);
  const [train, held] = [new TokenList(tokenizer.size), new TokenList(tokenizer.size)];
  let read = 0;
  for (const [i, path] of paths.entries()) {
    const start = read;
    // oxlint-disable-next-line no-await-in-loop -- one file at a time is in memory
    const tokens = await orSay(path, () => tokensOf(path, tokenizer, vocab ?? tokenizer.size, (done) => onProgress?.(start + done, total))); // prettier-ignore
    // The end of every file is held out, so that both parts are of one kind even if the files are not.
    const cut = Math.floor(tokens.length * (1 - heldFraction));
    train.push(tokens.subarray(0, cut));
    held.push(tokens.subarray(cut));
    read += sizes[i] ?? 0;
  }
  const hash = createHash('sha256').update(`${train.length}\n`);
  for (const part of [train.tokens, held.tokens])
    hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  return { train: train.tokens, held: held.tokens, files: paths.length, fingerprint: hash.digest('hex') };
}

async function tokensOf(
  path: string,
  tokenizer: Tokenizer,
  vocab: number,
  onRead: (bytes: number) => void,
): Promise<Tokens> {
  if (tokenizer === bytesTokenizer) return readFile(path);
  const list = new TokenList(tokenizer.size);
  for await (const tokens of encodeDocument(tokenizer, textOf(path, onRead))) {
    requireTokens(tokens, tokenizer, vocab);
    list.push(tokens);
  }
  return list.tokens;
}

/** In pieces, as they are read. */
async function* textOf(path: string, onRead: (bytes: number) => void): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let read = 0;
  try {
    for await (const bytes of createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Uint8Array>) {
      yield decoder.decode(bytes, { stream: true });
      onRead((read += bytes.length));
    }
    yield decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UserError(`the data file ${path} is not UTF-8 text; a tokenizer needs text`);
  }
}

async function filesOf(globs: readonly string[], folder: string): Promise<string[]> {
  const found = new Set<string>();
  for (const pattern of globs) {
    const absolute = isAbsolute(pattern) ? pattern : resolve(folder, pattern);
    const isGlob = /[*?{[]/.test(pattern);
    const matches = isGlob ? await glob(absolute, { absolute: true, onlyFiles: true, dot: false }) : [absolute];
    if (matches.length === 0) {
      throw new UserError(`no file matches ${pattern} (looked in ${folder}); pass --data with files or globs`);
    }
    for (const match of matches) found.add(match);
  }
  return [...found].sort();
}

async function orSay<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new UserError(
      `cannot read the data file ${path} (${String(error.code)}); pass --data with files or globs that exist`,
    );
  }
}
