// Takes: specs/. Gives: proof that every family checks, has its published size, and one canonical form.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canonicalEntries } from '../../../compiler/2-check/canonical.ts';
import { canonicalText } from '../../../compiler/2-check/canonical/text.ts';
import { parameterCount } from '../../../compiler/2-check/parameters/parameters.ts';
import { elements } from '../../../compiler/2-check/parameters/parameter.ts';
import { parameters } from '../../../compiler/2-check/parameters/parameters.ts';
import { modelOf, modelsOf, readSpec } from './prelude.ts';

const specs = join(import.meta.dirname, '..', '..', '..', 'specs');
const families = ['families', 'examples'].flatMap((folder) =>
  readdirSync(join(specs, folder)).map((name) => `${folder}/${name}`),
);

describe('specs', () => {
  for (const path of ['quickstart.model', 'bench.model', ...families]) {
    it(`${path}: no errors; canonical forms are fixed points; sizes agree with the parameters`, () => {
      for (const [, model] of modelsOf(readSpec(path))) {
        const again = modelOf(model.canonical);
        expect(again.canonical).toBe(model.canonical);
        expect(canonicalEntries(again)).toEqual(canonicalEntries(model));
        expect(canonicalText(model, model.name).replace(model.name, 'canonical')).toBe(model.canonical);
        const sum = parameters(model).reduce((total, parameter) => total + elements(parameter), 0);
        const { total, mtp } = parameterCount(model);
        expect(total + mtp).toBe(sum);
      }
    });
  }

  // Of the released checkpoints, in billions: totals, and what one token uses where that is less.
  it.each<[family: string, model: string, total: number, active?: number]>([
    ['gpt2', 'GPT2', 0.124439808],
    ['llama', 'Llama2_7B', 6.738],
    ['llama', 'Llama31_8B', 8.03],
    ['llama', 'Llama31_70B', 70.55],
    ['llama', 'Llama31_405B', 405.9],
    ['llama', 'Llama32_1B', 1.2358144],
    ['mistral', 'Mistral7B', 7.242],
    ['mixtral', 'Mixtral8x7B', 46.7, 12.88],
    ['qwen2', 'Qwen25_7B', 7.616],
    ['qwen3', 'Qwen3_06B', 0.596],
    ['qwen3', 'Qwen3_8B', 8.191],
    ['qwen3_moe', 'Qwen3_30B_A3B', 30.53, 3.35],
    ['qwen3_next', 'Qwen3Next_80B', 79.67],
    ['gemma', 'Gemma7B', 8.538],
    ['gemma2', 'Gemma2_2B', 2.614],
    ['gemma2', 'Gemma2_27B', 27.23],
    ['gemma3', 'Gemma3_4B', 3.88],
    ['gemma3', 'Gemma3_27B', 27.01],
    ['phi3', 'Phi3Mini', 3.821],
    ['olmo2', 'OLMo2_7B', 7.299],
    ['smollm3', 'SmolLM3', 3.075],
    ['cohere', 'CommandR', 34.98],
    ['gptj', 'GPTJ_6B', 6.051],
    ['falcon', 'Falcon7B', 6.922],
    ['neox', 'Pythia70M', 0.070426624],
    ['deepseek_v2', 'DeepSeekV2_Lite', 15.71, 2.66],
    ['deepseek_v2', 'DeepSeekV2', 235.7],
    ['deepseek_v3', 'DeepSeekV3', 671.0, 37.55],
    ['gpt_oss', 'GptOss_20B', 20.92],
    ['gpt_oss', 'GptOss_120B', 116.8],
    // The published 45.9 B active leave out the two matrices of the vocabulary.
    ['minimax', 'MiniMaxText01', 456, 45.9 + 2.458],
    ['mamba', 'Mamba_130M', 0.12913536],
    ['mamba', 'Mamba_2_8B', 2.7683456],
    ['jamba', 'Jamba', 51.570323328],
    ['rwkv7', 'RWKV7_1_5B', 1.527404544],
    ['recurrent_gemma', 'RecurrentGemma2B', 2.68286208],
    ['lfm2', 'LFM2_1_2B', 1.170340608],
    ['bloom', 'Bloom_7B1', 7.069016064],
    ['mpt', 'MPT_7B', 6.649286656],
  ])('%s: %s has %d B parameters', (family, name, total, active) => {
    const count = parameterCount(modelOf(readSpec(`families/${family}.model`), name));
    expect(Math.abs(count.total / 1e9 / total - 1)).toBeLessThan(1e-3);
    if (active !== undefined) expect(Math.abs(count.active / 1e9 / active - 1)).toBeLessThan(2e-3);
  });

  it('writes the short and the long form of one model alike', () => {
    const long = `model Q {
      vocab = 256; context = 256; d_model = 128; n_layers = 2
      norm rms { eps = 1e-6; gain = weight; bias = none; reduce = f32; cast = before_gain }
      embed token { tie = head; scale = 1; pos = none; norm = none }
      mixer attn = gqa {
        heads = 4; kv_heads = 2; head_dim = 32; scale = 1 / sqrt(32); mask = causal; bias = none; qk_norm = none; softcap = none
        rope { dim = 32; theta = 10_000; pairing = half; scaling = none }
      }
      ffn mlp = glu { act = silu; width = 320; bias = none }
      block main { h = x + attn(rms.mix(x)); y = h + mlp(rms.ffn(h)) }
      stack n_layers { cycle [main] }
      head lm { norm = rms; scale = 1; softcap = none; bias = none }
      init { default = normal(std = 0.05); attn.o, mlp.down = normal(std = 0.05 / sqrt(4)) }
    }`;
    expect(modelOf(long).canonical).toBe(modelOf(readSpec('quickstart.model')).canonical);
  });
});
