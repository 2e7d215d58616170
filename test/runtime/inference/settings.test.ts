// Takes: flags, a generate block, a generation_config.json. Gives: who has the word on how tokens are chosen.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileGeneration } from '../../../compiler/compile.ts';
import { defaultTargets } from '../../../compiler/7-plan/default-target.ts';
import type { GenerateSpec } from '../../../compiler/2-check/model.ts';
import { contextOf } from '../../../runtime/inference/context.ts';
import { type SettingFlags, settingsOf } from '../../../runtime/inference/settings.ts';
import { checkSourceFile } from '../../../runtime/model-file.ts';

const tiny = join(import.meta.dirname, '..', '..', 'fixtures', 'tiny.model');

const spec: Omit<GenerateSpec, 'span'> = { name: 'g', model: 'M', temperature: 0.5, topK: 7, topP: null, minP: null, maxTokens: 99, stop: ['END'], weights: null }; // prettier-ignore
const block = spec as GenerateSpec;
const defaults = { temperature: 0.8, topK: null, topP: null, minP: null, maxTokens: 256, stop: [] };

describe('settings', () => {
  it.each<[string, SettingFlags, GenerateSpec | undefined, Record<string, unknown>, object]>([
    ['are the same everywhere where nobody says anything', {}, undefined, {}, { ...defaults, seed: 0 }],
    ['come from the configuration', {}, undefined, { do_sample: true, temperature: 0.6, top_k: 20, top_p: 0.9, min_p: 0.1, max_new_tokens: 5 }, { temperature: 0.6, topK: 20, topP: 0.9, minP: 0.1, maxTokens: 5 }], // prettier-ignore
    ['of a configuration may be that there is no limit', {}, undefined, { top_k: 0, top_p: 1, min_p: null }, defaults],
    ['of a configuration may be greedy', {}, undefined, { do_sample: false, top_k: 50 }, { temperature: 0, topK: 50 }],
    ['are not greedy where it is said how to choose', { topP: 0.5 }, undefined, { do_sample: false }, { temperature: 0.8, topP: 0.5 }], // prettier-ignore
    ['of the block go before the configuration', {}, block, { temperature: 0.1, top_p: 0.3, max_new_tokens: 5 }, { temperature: 0.5, topK: 7, topP: null, maxTokens: 99, stop: ['END'] }], // prettier-ignore
    ['of the command line go before both', { temperature: 2, topK: 3, maxTokens: 4, stop: [], seed: 8 }, block, { top_k: 9 }, { temperature: 2, topK: 3, maxTokens: 4, stop: [], seed: 8 }], // prettier-ignore
    ['are greedy when that is asked for', { greedy: true, temperature: 2 }, block, {}, { temperature: 0 }],
  ])('%s', (_, flags, of, generation, expected) => {
    expect(settingsOf(flags, of, generation, defaults)).toMatchObject(expected);
  });
});

describe('the context', () => {
  it.each([
    ['is what the text needs, in whole chunks', { model: 131072, tokens: 300 }, 320],
    ['is never more than that of the model', { model: 256, tokens: 300 }, 256],
    ['of a chat is bounded', { model: 131072, tokens: null }, 4096],
    ['of a chat is that of a small model', { model: 2048, tokens: null }, 2048],
    ['is what is asked for', { model: 131072, asked: 9000, tokens: 300 }, 9000],
  ])('%s', (_, request, expected) => {
    expect(contextOf(request)).toBe(expected);
  });

  it('cannot be more than the model has', () => {
    expect(() => contextOf({ model: 2048, asked: 4096, tokens: 1 })).toThrow(
      '--context 4096 is more than the model can see: it has 2048 positions',
    );
  });
});

describe('the tables of positions', () => {
  const bytesOf = (change: (text: string) => string): number => {
    const { file } = checkSourceFile({ path: 'x.model', text: change(readFileSync(tiny, 'utf8')) });
    const [model] = file.models;
    if (model === undefined) throw new Error('no model');
    const { decode } = compileGeneration(model, { target: defaultTargets.cpu, context: 64 });
    const large = decode.tensors.filter(({ shape }) => shape.some((size) => size >= 4096));
    return large.reduce((sum, { shape }) => sum + 4 * shape.reduce((product, size) => product * size, 1), 0);
  };
  const long = (text: string): string => text.replace('context = 32', 'context = 131_072');

  it('are as long as the cache, unless they are weights', () => {
    expect(bytesOf(long)).toBe(0);
    const learned = (text: string): string => long(text).replace('d_model = 32', 'd_model = 32\n  embed token { pos = learned }'); // prettier-ignore
    expect(bytesOf(learned)).toBe(131_072 * 32 * 4);
  });
});
