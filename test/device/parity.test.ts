// The compiled, fused kernels against transformers, family by family, each from a .model file written by hand.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { EngineDevice } from '../../runtime/engine/engine-device.ts';
import { chooseModel, loadModelFile } from '../../runtime/model-file.ts';
import { checkGreedy, checkLogits, checkLoss, checkStep, type Subject } from '../parity/check-family.ts';
import { openOn } from '../parity/device-session.ts';
import { families } from '../parity/families.ts';
import { hasFixture, readFixture } from '../parity/fixtures.ts';
import { devices } from './device.ts';

/** Compiling WGSL takes a software adapter seconds a family: those that differ most, or with PARITY=all every one. */
const chosen = new Set(['llama', 'gpt2', 'llama_yarn', 'qwen3', 'gemma2', 'olmo2', 'cohere2', 'gptj']);
const subjects = devices.flatMap(({ name: device }) =>
  Object.entries(families)
    .filter(([name]) => device === 'CPU' || process.env['PARITY'] === 'all' || chosen.has(name))
    .map(([name, family]) => [device, name, family] as const),
);

const opened = new Map<string, EngineDevice>();
beforeAll(async () => {
  for (const { name, open } of devices) opened.set(name, await open());
});
afterAll(() => {
  for (const device of opened.values()) device.close();
});

describe.each(subjects)('%s: %s', (deviceName, name, family) => {
  const file = join(import.meta.dirname, '..', 'parity', 'models', `${name}.model`);
  const model = chooseModel(loadModelFile(file, false));
  const subject = async (): Promise<Subject> => {
    const device = opened.get(deviceName);
    if (!device) throw new Error('opened before the tests');
    return { ...family, model, fixture: await readFixture(name), open: openOn(device) };
  };
  const here = it.skipIf(!hasFixture(name));
  here('has the logits', async () => checkLogits(await subject()));
  here('has the loss', async () => checkLoss(await subject()));
  here('has every gradient', async () => checkStep(await subject()));
  here('continues greedily, by prefill and by cache', async () => checkGreedy(await subject()));
});
