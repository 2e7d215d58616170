// Takes: which device is wanted.
// Gives: it, open.
// Promises: without a wish a hardware adapter, else the CPU: a device is always there. Nothing is installed.
import { openCpu } from './cpu/device.ts';
import { nodeThreads } from './cpu/node-threads.ts';
import type { EngineDevice } from './engine-device.ts';
import { AdapterMissingError, DawnMissingError, DeviceError } from './device-error.ts';
import { openGpu } from './gpu/device.ts';

/** `gpu`: a hardware adapter; `software`: a WebGPU adapter that runs on the CPU, for tests; `cpu`: WebAssembly. */
export type DeviceChoice = 'auto' | 'gpu' | 'cpu' | 'software';

export interface DeviceOptions {
  readonly device?: DeviceChoice;
  /** Of the CPU; MODELC_THREADS where it is not given, else as many as the machine runs at once. */
  readonly threads?: number;
}

/** @throws DeviceError when the device that is asked for is not there, or refuses to open. */
export async function openDevice({ device = 'auto', threads }: DeviceOptions = {}): Promise<EngineDevice> {
  if (device === 'cpu') return openCpu(nodeThreads, threads ?? defaultThreads());
  if (device === 'gpu') return openGpu('hardware');
  if (device === 'software') return openGpu('software');
  try {
    return await openGpu('hardware');
  } catch (error) {
    if (error instanceof AdapterMissingError || error instanceof DawnMissingError)
      return openCpu(nodeThreads, threads ?? defaultThreads());
    throw error;
  }
}

/** @throws DeviceError when MODELC_THREADS is no number of threads. */
function defaultThreads(): number {
  const text = process.env['MODELC_THREADS'] ?? '';
  if (text === '') return nodeThreads.parallelism;
  const threads = Number(text);
  if (Number.isInteger(threads) && threads >= 1 && threads <= 256) return threads;
  throw new DeviceError(`MODELC_THREADS is ${text}; give a whole number from 1 to 256`);
}
