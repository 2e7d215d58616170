// Takes: the source of the command line. Gives: it as one file, for tests that start it as a process.
// Promises: the file lies inside the package, whose specs it looks for, and loads in a fifth of the time.
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..', '..');

/** `name`: told apart by the process, so that tests may run beside each other. The caller removes it. */
export async function bundleProgram(name: string): Promise<string> {
  const program = join(root, 'runs', 'test-programs', `${name}-${process.pid}.mjs`);
  await build({
    entryPoints: [join(root, 'runtime', 'cli.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
  });
  return program;
}
