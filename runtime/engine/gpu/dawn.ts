// Takes: nothing but the environment (DAWN_NODE: a dawn.node file to load in place of the npm package's).
// Gives: Dawn's WebGPU entry point, one for the whole process.
// Promises: it stays reachable: where it is collected after a device was opened, closed or not, the process crashes (webgpu 0.6.2).
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { useCachedDriver } from '../../driver/cached-driver.ts';
import { DawnMissingError } from '../device-error.ts';

const toggles = [
  // f16 is there on NVIDIA, Dawn only hides it; subgroup matrices count as unsafe for as long as they are experimental.
  'enable-dawn-features=vulkan_enable_f16_on_nvidia,allow_unsafe_apis',
  'disable-dawn-features=timestamp_quantization', // 65 us steps hide kernels of 10
];

interface DawnModule {
  create(options: string[]): GPU;
}

const slot = Symbol.for('modelc.dawn');
const shared = globalThis as { [slot]?: GPU };

/** @throws DawnMissingError */
export async function dawn(): Promise<GPU> {
  const known = shared[slot];
  if (known) return known;
  useCachedDriver();
  const module = await loadDawn();
  return (shared[slot] ??= module.create(toggles));
}

async function loadDawn(): Promise<DawnModule> {
  const file = process.env['DAWN_NODE'];
  try {
    if (file) return createRequire(import.meta.url)(resolve(file)) as DawnModule;
    return await import('webgpu');
  } catch (cause) {
    const what = file ? `the file DAWN_NODE names, ${file},` : 'the npm package webgpu (Dawn)';
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DawnMissingError(`${what} cannot be loaded on ${process.platform}-${process.arch}: ${reason}`, { cause });
  }
}
