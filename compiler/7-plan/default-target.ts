// Takes: nothing. Gives: the target that stands in when no device is there: WebGPU's guaranteed limits, but 10 tensors a kernel.
// Promises: a plan made for it runs on every adapter that modelc meets in practice.
import type { WebGpuTarget } from './plan.ts';

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
