// Takes: a folder. Gives: what kind of reference it holds, and its files.
// Promises: a file that is missing or of another form is one sentence.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SafetensorsFile } from '../data/safetensors-file.ts';
import { UserError } from '../user-error.ts';

export type FolderKind = 'reference' | 'curve';

/** @throws UserError when it is neither. */
export function folderKind(folder: string): FolderKind {
  if (!existsSync(folder)) throw new UserError('there is no such folder');
  if (existsSync(join(folder, 'expected.json'))) return 'reference';
  if (existsSync(join(folder, 'curve.json'))) return 'curve';
  throw new UserError('it holds neither expected.json nor curve.json, so it is no reference');
}

/** @throws UserError */
export function readJson(path: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new UserError(missing ? `${path} is missing` : `${path} is not JSON`);
  }
  throw new UserError(`${path} is not a JSON object`);
}

/** The tensors of a file of the folder, one at a time. @throws UserError when there is no such file */
export async function openStored(path: string): Promise<SafetensorsFile> {
  try {
    return await SafetensorsFile.open(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw new UserError(`${path} is missing`);
    throw error;
  }
}
