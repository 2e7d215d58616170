// Threads in processes of their own: from TypeScript, as it is published, and from one minified file, closed or left open.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { processorName } from '../../../runtime/engine/cpu/node-threads.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const source = join(import.meta.dirname, 'cpu-process.ts');
let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'modelc-bundle-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const keepNames of [true, false]) {
    await build({
      entryPoints: [source],
      outfile: join(folder, keepNames ? 'named.mjs' : 'minified.mjs'),
      bundle: true,
      minify: true,
      keepNames,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      external: ['webgpu'],
    });
  }
});
// As `npm run build` compiles the package.
beforeAll(() => {
  const config = {
    extends: join(root, 'tsconfig.build.json'),
    compilerOptions: { rootDir: root, outDir: join(folder, 'dist'), declaration: false },
    include: [],
    files: [source],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const { status, output } = run([join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder]);
  expect(output).toBe('');
  expect(status).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (args: readonly string[]): { status: number | null; output: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 });
  return { status, output: stdout + stderr };
};

const ways: readonly [string, () => readonly string[]][] = [
  ['TypeScript', () => ['--import', fileURLToPath(import.meta.resolve('tsx')), source]],
  ['dist', () => [join(folder, 'dist', relative(root, source).replace(/ts$/, 'js'))]],
  ['a bundle', () => [join(folder, 'minified.mjs')]],
  ['a bundle that keeps names', () => [join(folder, 'named.mjs')]],
];

test.each(ways)('from %s: the same sum by 1 and 3 threads, and the process ends by itself', (_, start) => {
  const alone = run([...start(), '1', 'leave']);
  expect(alone.output).toMatch(/^\d+\.\d{3}\n$/);
  for (const end of ['close', 'leave'])
    expect(run([...start(), '3', end])).toEqual({ status: 0, output: alone.output });
});

test.each([
  ['Intel(R) Xeon(R) CPU E5-2673 v4 @ 2.30GHz', 'Intel Xeon E5-2673 v4'],
  ['AMD EPYC 7763 64-Core Processor', 'AMD EPYC 7763'],
  ['Apple M2', 'Apple M2'],
  ['', 'processor'],
])('%j is called %s', (model, name) => {
  expect(processorName(model)).toBe(name);
});
