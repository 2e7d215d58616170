// Takes: the environment. Gives: the WebGPU device the tests in this folder run on.
// Promises: the software adapter, which every machine can have; a hardware adapter where TEST_DEVICE=gpu asks for it.
import { type GpuDevice, openGpu } from '../../runtime/engine/gpu/device.ts';

export const hardware = process.env['TEST_DEVICE'] === 'gpu';

export function openTestDevice(): Promise<GpuDevice> {
  return openGpu(hardware ? 'hardware' : 'software');
}
