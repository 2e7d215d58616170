// Takes: nothing. Gives: the targets that stand in when no device is there: WebGPU's guaranteed limits, but 10 tensors a kernel,
// and WebAssembly with two threads.
// Promises: a plan made for one runs on every adapter, or engine, that modelc meets in practice.
import type { WasmTarget, WebGpuTarget } from './plan.ts';

export const defaultTarget: WebGpuTarget = {
  kind: 'webgpu',
  features: [],
  maxBindingBytes: 128 * 1024 * 1024,
  maxBufferBytes: 256 * 1024 * 1024,
  maxStorageBindings: 10,
  maxInvocations: 256,
  maxWorkgroupStorage: 16384,
  maxWorkgroupsPerDimension: 65535,
  software: false,
};

export const defaultWasmTarget: WasmTarget = {
  kind: 'wasm',
  features: [],
  threads: 2,
  maxBindingBytes: 2 ** 32 - 2 ** 17,
  maxTotalBytes: 2 ** 32 - 2 ** 17,
  maxStorageBindings: 64,
  maxInvocations: 1,
  maxWorkgroupStorage: 0,
  maxWorkgroupsPerDimension: 2 ** 31 - 1,
};

/** By the names of devices. */
export const defaultTargets = { gpu: defaultTarget, cpu: defaultWasmTarget } as const;
