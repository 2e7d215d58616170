// Takes: an adapter. Gives: which schedules were the fastest on it, in a file of the user's cache.
// Promises: one file per adapter and driver; a file that cannot be read counts as empty, one that cannot be written is left.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Schedule by class of group, both as `choicesOf` of compiler/6-kernels gives them. */
export type TunedKernels = Readonly<Record<string, string>>;

/** `adapter`: its name and driver. */
export function tunedFile(adapter: string): string {
  const cache = process.env['XDG_CACHE_HOME'];
  const root = cache !== undefined && cache !== '' ? cache : join(homedir(), '.cache');
  return join(root, 'modelc', 'tuned', `${adapter.toLowerCase().replaceAll(/[^a-z\d.]+/g, '-')}.json`);
}

export function readTuned(adapter: string): TunedKernels {
  try {
    const parsed = JSON.parse(readFileSync(tunedFile(adapter), 'utf8')) as { readonly kernels?: unknown };
    const entries = Object.entries(typeof parsed.kernels === 'object' && parsed.kernels !== null ? parsed.kernels : {});
    return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  } catch {
    return {};
  }
}

/** Adds to the file what was found; false where it cannot be written. */
export function writeTuned(adapter: string, found: TunedKernels): boolean {
  const path = tunedFile(adapter);
  const text = `${JSON.stringify({ adapter, kernels: { ...readTuned(adapter), ...found } }, null, 1)}\n`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.${process.pid}`, text);
    renameSync(`${path}.${process.pid}`, path);
    return true;
  } catch {
    return false;
  }
}
