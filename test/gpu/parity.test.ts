// The compiled, fused kernels against transformers, family by family, each from a .model file written by hand.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { EngineDevice } from '../../runtime/engine/engine-device.ts';
import { chooseModel, loadModelFile } from '../../runtime/model-file.ts';
import { checkGreedy, checkLogits, checkLoss, checkStep, type Subject } from '../parity/check-family.ts';
import { openOn } from '../parity/device-session.ts';
import { families } from '../parity/families.ts';
import { hasFixture, readFixture } from '../parity/fixtures.ts';
import { openTestDevice } from './device.ts';

/** Compiling kernels takes a software adapter seconds a family: those that differ most, or with PARITY=all every one. */
const chosen = new Set(['llama', 'gpt2', 'llama_yarn', 'qwen3', 'gemma2', 'olmo2', 'cohere2', 'gptj']);
const subjects = Object.entries(families).filter(([name]) => process.env['PARITY'] === 'all' || chosen.has(name));

let device: EngineDevice;
beforeAll(async () => {
  device = await openTestDevice();
});
afterAll(() => device.close());

describe.each(subjects)('%s on the device', (name, family) => {
  const file = join(import.meta.dirname, '..', 'parity', 'models', `${name}.model`);
  const model = chooseModel(loadModelFile(file, false));
  const subject = async (): Promise<Subject> => ({ ...family, model, fixture: await readFixture(name), open: openOn(device) }); // prettier-ignore
  const here = it.skipIf(!hasFixture(name));
  here('has the logits', async () => checkLogits(await subject()));
  here('has the loss', async () => checkLoss(await subject()));
  here('has every gradient', async () => checkStep(await subject()));
  here('continues greedily, by prefill and by cache', async () => checkGreedy(await subject()));
});
