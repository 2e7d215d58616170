// WGSL kernels against transformers, family by family, by the road of `modelc parity`. The CPU's stand in test/runtime/parity.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineDevice } from '../../runtime/engine/engine-device.ts';
import { measureFolder } from '../../runtime/parity/parity.ts';
import { printResult } from '../../runtime/parity/print.ts';
import { references } from '../runtime/parity/folders.ts';
import { devices } from './device.ts';

/** Compiling WGSL takes a software adapter seconds a family: those that differ most, or with PARITY=all every one. */
const chosen = new Set(['gpt2', 'codegen', 'exaone4', 'llama_yarn', 'gemma2', 'olmo2', 'cohere2', 'bloom']);
const folders = references.filter(({ name }) => process.env['PARITY'] === 'all' || chosen.has(name));

describe.each(devices.filter(({ name }) => name !== 'CPU'))('$name', ({ open }) => {
  let device: EngineDevice;
  beforeAll(async () => {
    device = await open();
  });
  afterAll(() => device.close());

  it.each(folders)('$name', { timeout: 180_000 }, async ({ path }) => {
    const result = await measureFolder(device, path, () => {});
    expect(result.pass ? 'pass' : printResult(result, { color: false, width: 0 })).toBe('pass');
  });
});
