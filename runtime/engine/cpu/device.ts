// Takes: a number of threads.
// Gives: the CPU, open.
// Promises: nothing yet.
import { DeviceError } from '../device-error.ts';
import type { EngineDevice } from '../engine-device.ts';

export async function openCpu(_options: { readonly threads?: number } = {}): Promise<EngineDevice> {
  throw new DeviceError('the CPU device is being built');
}
