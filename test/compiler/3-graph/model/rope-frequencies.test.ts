import { describe, expect, it } from 'vitest';
import type { RopeScaling } from '../../../../compiler/2-check/model.ts';
import { ropeFrequencies } from '../../../../compiler/3-graph/model/rope-frequencies.ts';

const of = (dim: number, theta: number, scaling: RopeScaling) =>
  ropeFrequencies({ dim, theta, pairing: 'half', scaling });

const yarn = (knobs: Partial<Extract<RopeScaling, { kind: 'yarn' }>>): RopeScaling => ({
  kind: 'yarn',
  factor: 40,
  original: 4096,
  betaFast: 32,
  betaSlow: 1,
  truncate: true,
  attentionFactor: null,
  mscale: null,
  mscaleAllDim: null,
  ...knobs,
});

// Values of transformers' modeling_rope_utils.py at some pairs.
describe('inverse frequencies', () => {
  const gptOss = yarn({ factor: 32, truncate: false });
  it.each<[string, number, number, RopeScaling, Record<number, number>]>([
    ['none', 4, 10_000, { kind: 'none' }, { 0: 1, 1: 0.01 }],
    ['linear', 4, 10_000, { kind: 'linear', factor: 8 }, { 0: 0.125, 1: 0.00125 }],
    ['llama 3.1', 128, 500_000, { kind: 'llama3', factor: 8, low: 1, high: 4, original: 8192 }, { 0: 1, 28: 0.0032114459947525913, 29: 0.002166570763503359, 30: 0.0013718935677611381, 32: 0.0005248461609929547, 34: 0.00017850781276799638, 35: 9.556212353964683e-5, 63: 3.068925988914511e-7 }], // prettier-ignore
    ['gpt-oss', 64, 150_000, gptOss, { 0: 1, 5: 0.15532298948448497, 8: 0.050813274815461475, 12: 0.006794959489732219, 16: 0.00045648391922324086, 20: 1.818833668168956e-5, 31: 3.0235114281192144e-7 }], // prettier-ignore
    ['dynamic, before it grows', 4, 10_000, { kind: 'dynamic', factor: 2, original: 16 }, { 0: 1, 1: 0.01 }],
    ['longrope, short', 4, 10_000, { kind: 'longrope', factor: 4, original: 16, short: [1, 2], long: [3, 4], attentionFactor: null }, { 0: 1, 1: 0.005 }], // prettier-ignore
    ['DeepSeek', 64, 10_000, yarn({}), { 0: 1, 9: 0.07498942093324558, 10: 0.056234132519034905, 15: 0.008334508951020777, 20: 0.0007905694150420945, 23: 3.33380358040831e-5, 24: 2.5e-5, 31: 3.33380358040831e-6 }], // prettier-ignore
  ])('%s', (_, dim, theta, scaling, wanted) => {
    const { inverse } = of(dim, theta, scaling);
    expect(inverse).toHaveLength(dim / 2);
    for (const [j, value] of Object.entries(wanted)) expect((inverse[Number(j)] ?? NaN) / value).toBeCloseTo(1, 12);
  });
});

// Reference 1.4.
describe('factor on cos and sin', () => {
  it.each<[string, RopeScaling, number]>([
    ['none', { kind: 'none' }, 1],
    ['linear', { kind: 'linear', factor: 8 }, 1],
    ['gpt-oss: 0.1 ln 32 + 1', yarn({ factor: 32 }), 1.34657],
    ['DeepSeek-V3: mscale = mscale_all_dim', yarn({ mscale: 1, mscaleAllDim: 1 }), 1],
    ['mscale over mscale_all_dim', yarn({ mscale: 1, mscaleAllDim: 0.5 }), 1.36889 / 1.18444],
    ['mscale alone counts for nothing', yarn({ mscale: 2 }), 1.36889],
    ['longrope: sqrt(1 + ln 32 / ln 4096)', { kind: 'longrope', factor: 32, original: 4096, short: [], long: [], attentionFactor: null }, 1.19024], // prettier-ignore
    ['longrope that is given its factor', { kind: 'longrope', factor: 32, original: 4096, short: [], long: [], attentionFactor: 1.1 }, 1.1], // prettier-ignore
    ['given', yarn({ attentionFactor: 0.9, mscale: 1, mscaleAllDim: 0.5 }), 0.9],
    ['no stretching', yarn({ factor: 1 }), 1],
  ])('%s', (_, scaling, wanted) => {
    expect(of(64, 10_000, scaling).factor).toBeCloseTo(wanted, 4);
  });
});
