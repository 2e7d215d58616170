// Takes: nothing. Gives: whether Dawn finds an adapter, asked in a process of its own.
// Promises: nothing of Dawn or of a driver is loaded here: a driver that is replaced must not be in memory already.
import { spawn } from 'node:child_process';

const script = `
import { createRequire } from 'node:module';
const [url] = process.argv.slice(1);
const dawn = process.env.DAWN_NODE ? createRequire(url)(process.env.DAWN_NODE) : await import(url);
globalThis.gpu = dawn.create([]);
process.exit((await globalThis.gpu.requestAdapter()) ? 0 : 1);`;

export function adapterFound(): Promise<boolean> {
  const args = ['--input-type=module', '--eval', script, import.meta.resolve('webgpu')];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
}
