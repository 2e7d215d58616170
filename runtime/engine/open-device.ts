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
  /** Of a GPU: whether kernels may be timed to choose among several; true where it is not said. */
  readonly tune?: boolean;
}

/** @throws DeviceError when the device that is asked for is not there, or refuses to open. */
export async function openDevice({ device = 'auto', threads, tune = true }: DeviceOptions = {}): Promise<EngineDevice> {
  if (device === 'cpu') return openCpu(nodeThreads, threadCount(threads));
  if (device === 'gpu') return openGpu('hardware', tune);
  if (device === 'software') return openGpu('software');
  try {
    return await openGpu('hardware', tune);
  } catch (error) {
    if (error instanceof AdapterMissingError || error instanceof DawnMissingError)
      return openCpu(nodeThreads, threadCount(threads));
    throw error;
  }
}

/** @throws DeviceError for what is no number of threads. */
function threadCount(wanted: number | undefined): number {
  const text = process.env['MODELC_THREADS'] ?? '';
  if (wanted === undefined && text === '') return nodeThreads.parallelism;
  const count = wanted ?? Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 256) return count;
  const what = wanted === undefined ? `MODELC_THREADS is ${text}` : `${wanted} threads are asked for`;
  throw new DeviceError(`${what}; give a whole number from 1 to 256`);
}
