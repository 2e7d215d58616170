// Takes: the path of a folder that shall be made. Gives: the folder, filled by its caller.
// Promises: whole or not at all: it is filled under another name beside its place and moved there at the end; what stood
// there stays until then.
import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { UserError } from '../../user-error.ts';

export interface Place {
  readonly path: string;
  /** Folders of models that stand there give way. */
  readonly force: boolean;
  /** What is read meanwhile. */
  readonly from: string;
}

/** @throws UserError when something stands there that must not go, or it cannot be written */
export async function freshFolder<T>(place: Place, fill: (folder: string) => Promise<T>): Promise<T> {
  requireFree(place);
  const target = existsSync(place.path) ? realpathSync(place.path) : resolve(place.path);
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
  const removed = removedAtExit(temporary);
  const made: string[] = [];
  try {
    makeFolders(temporary, made);
    const result = await fill(temporary);
    replace(target, temporary);
    return result;
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    removeEmpty(made);
    const isSystem = error instanceof Error && 'code' in error && 'syscall' in error;
    throw isSystem ? new UserError(`cannot write ${place.path}: ${error.message}`) : error;
  } finally {
    removed();
  }
}

/** Before anything is read, so that no one waits for a refusal. @throws UserError */
export function requireFree({ path, force, from }: Place): void {
  if (!existsSync(path)) return;
  if (!statSync(path).isDirectory()) throw new UserError(`${path} is no folder; choose another --out`);
  const names = readdirSync(path);
  if (names.length === 0) return;
  if (!force) throw new UserError(`${path} is not empty; choose another --out, or --force to replace it`);
  if (holds(path, from)) throw new UserError(`${path} holds ${from}, which is read; choose another --out`);
  if (holds(path, process.cwd())) throw new UserError(`${path} holds the folder you are in; choose another --out`);
  if (!names.some((name) => modelFiles.test(name))) {
    throw new UserError(`${path} holds no model, so --force does not replace it; remove it yourself, or choose another --out`); // prettier-ignore
  }
}

/** By these a folder is known as one that a command made. */
const modelFiles = /^(weights\.safetensors|model\.safetensors|model\.safetensors\.index\.json)$/;

function holds(folder: string, path: string): boolean {
  return !/^\.\.($|[/\\])/.test(relative(realpathSync(folder), realpathSync(path)));
}

function replace(target: string, temporary: string): void {
  if (!existsSync(target)) return renameSync(temporary, target);
  const old = `${temporary}.old`;
  renameSync(target, old);
  try {
    renameSync(temporary, target);
  } catch (error) {
    renameSync(old, target);
    throw error;
  }
  rmSync(old, { recursive: true, force: true });
}

/** A process that ends early leaves no half folder; gives what to call when it is no longer half. */
function removedAtExit(folder: string): () => void {
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.on('exit', remove);
  return () => void process.off('exit', remove);
}

/** Those that were made are added to `made`, the innermost first. */
function makeFolders(folder: string, made: string[]): void {
  if (!existsSync(dirname(folder))) makeFolders(dirname(folder), made);
  mkdirSync(folder);
  made.unshift(folder);
}

/** As long as nothing else came to lie in them. */
function removeEmpty(folders: readonly string[]): void {
  for (const folder of folders.filter((each) => existsSync(each))) {
    if (readdirSync(folder).length > 0) return;
    rmdirSync(folder);
  }
}
