// Takes: nothing. Gives: an adapter for the device tests: what is missing is installed once, before any test file.
// Promises: says in one line which adapter the tests use; test files inherit the environment set here.
import { ensureDevice } from '../runtime/driver/ensure-adapter.ts';

export async function setup(): Promise<void> {
  const device = await ensureDevice((line) => process.stderr.write(`${line}\n`));
  process.stderr.write(`device tests run on ${device.describe()}\n`);
  device.close();
}
