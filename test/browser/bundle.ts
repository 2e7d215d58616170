// Takes: the sources. Gives: them as a browser gets them: the public entry, and the test's worker, with what they share in chunks.
// Promises: a module of Node's anywhere below them is an error that names who imports it.
import { join, relative } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..', '..');

/** Texts by path, e.g. `browser.js`. */
export async function bundle(target = 'es2022'): Promise<ReadonlyMap<string, string>> {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'runtime', 'browser.ts'), join(root, 'test', 'browser', 'worker.ts')],
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    outdir: root,
    bundle: true,
    splitting: true,
    minify: true, // as people ship it: what a thread is started from must bear that
    format: 'esm',
    platform: 'browser',
    target,
    write: false,
    logLevel: 'silent',
  });
  return new Map(outputFiles.map(({ path, text }) => [relative(root, path), text]));
}
