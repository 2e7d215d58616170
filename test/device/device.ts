// Takes: the environment. Gives: the devices the tests in this folder run on.
// Promises: the CPU, and for WGSL the software adapter, which every machine can have; a hardware adapter where TEST_DEVICE=gpu asks for it.
import type { EngineDevice } from '../../runtime/engine/engine-device.ts';
import { openDevice } from '../../runtime/engine/open-device.ts';
import { type GpuDevice, openGpu } from '../../runtime/engine/gpu/device.ts';

export const hardware = process.env['TEST_DEVICE'] === 'gpu';

export function openTestDevice(): Promise<GpuDevice> {
  return openGpu(hardware ? 'hardware' : 'software');
}

/** Name and opener. WGSL is slow: its kernels are compiled by a driver that takes its time. Test files run two at a time, so one thread. */
export const devices: readonly { readonly name: 'CPU' | 'WGSL'; readonly open: () => Promise<EngineDevice> }[] = [
  { name: 'CPU', open: () => openDevice({ device: 'cpu', threads: 1 }) },
  { name: 'WGSL', open: openTestDevice },
];
