// Takes: a path and a text. Gives: the file.
// Promises: whole or not at all; what stood there stays when it cannot be written.
import writeFileAtomic from 'write-file-atomic';
import { UserError } from './user-error.ts';

/** @throws UserError */
export function writeText(path: string, text: string): void {
  orSay(path, () => writeFileAtomic.sync(path, text));
}

/** Runs what writes at `path`. @throws UserError when it fails. */
export function orSay(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new UserError(`cannot write ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
