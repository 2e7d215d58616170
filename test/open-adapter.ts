// Takes: nothing. Gives: a WebGPU adapter: what is missing is installed.
// Promises: says in one line which one it is.
import { ensureDevice } from '../runtime/driver/ensure-adapter.ts';
import { hardware } from './device/device.ts';

const report = (line: string): unknown => process.stderr.write(`${line}\n`);
const device = await ensureDevice(report, { device: hardware ? 'gpu' : 'software' });
report(`tests of WebGPU run on ${device.describe()}`);
device.close();
