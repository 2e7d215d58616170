// Takes: globs or paths of text files. Gives: their bytes as tokens, cut into a training and a held-out part.
// Promises: files in a fixed order, so that one seed gives one run; every fault names the file or the numbers.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { glob } from 'tinyglobby';
import { UserError } from '../user-error.ts';

export interface Corpus {
  /** One token per byte. */
  readonly train: Uint8Array;
  readonly held: Uint8Array;
  readonly files: number;
  /** SHA-256 of both parts and of where the cut lies. */
  readonly fingerprint: string;
}

/** @throws UserError when nothing matches, a file cannot be read, or there is no text in it. */
export async function readCorpus(globs: readonly string[], folder: string, heldFraction: number): Promise<Corpus> {
  const paths = await filesOf(globs, folder);
  const parts = await Promise.all(paths.map(readBytes));
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  if (total === 0) throw new UserError(`the data is empty: ${paths.length} files of ${globs.join(', ')} hold no bytes`);
  // The end of every file is held out, so that both parts are of one kind even if the files are not.
  const cut = (part: Uint8Array): number => Math.floor(part.length * (1 - heldFraction));
  const train = join(parts.map((part) => part.subarray(0, cut(part))));
  const held = join(parts.map((part) => part.subarray(cut(part))));
  const fingerprint = createHash('sha256').update(`${train.length}\n`).update(train).update(held).digest('hex');
  return { train, held, files: paths.length, fingerprint };
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

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new UserError(`cannot read the data file ${path} (${reason}); pass --data with files or globs that exist`);
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
