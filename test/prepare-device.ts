// Takes: nothing. Gives: a WebGPU adapter for the device tests: what is missing is installed once, before any test file.
// Promises: no driver is loaded into the process that runs the tests' processes: some abort it when they are unloaded.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export async function setup(): Promise<void> {
  const script = join(import.meta.dirname, 'open-adapter.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script], {
    cwd: join(import.meta.dirname, '..'),
    stdio: 'inherit',
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 1) throw new Error('there is no WebGPU adapter for the tests');
}
