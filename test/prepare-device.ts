// Takes: nothing. Gives: a WebGPU adapter for the device tests: what is missing is installed once, before any test file.
// Promises: says in one line which adapter the tests use; test files inherit the environment set here.
import { ensureDevice } from '../runtime/driver/ensure-adapter.ts';
import { hardware } from './gpu/device.ts';

export async function setup(): Promise<void> {
  const report = (line: string): unknown => process.stderr.write(`${line}\n`);
  const device = await ensureDevice(report, { device: hardware ? 'gpu' : 'software' });
  report(`tests of WebGPU run on ${device.describe()}`);
  device.close();
}
