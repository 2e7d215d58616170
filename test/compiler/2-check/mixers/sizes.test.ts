// Takes: mixers of published models. Gives: proof that their parameters are as many as the checkpoints have.
// Promises: each sum is written out by hand from the shapes of the checkpoint's tensors.
import { describe, expect, it } from 'vitest';
import { mixerParameters } from '../../../../compiler/2-check/parameters/mixers.ts';
import { dim } from '../../../../compiler/2-check/parameters/parameter.ts';
import { modelWith, parametersOf, perLayer, sizeOf } from './mixer-of.ts';

describe('parameters of one mixer', () => {
  it.each<[string, number, string, number]>([
    ['DeepSeek-V3', 7168, 'mla { heads = 128; q_rank = 1536; kv_rank = 512 }',
      7168 * 1536 + 1536 + 1536 * 128 * 192 + 7168 * 576 + 512 + 512 * 128 * 256 + 128 * 128 * 7168],
    ['DeepSeek-V2-Lite', 2048, 'mla { heads = 16; kv_rank = 512 }',
      2048 * 16 * 192 + 2048 * 576 + 512 + 512 * 16 * 256 + 16 * 128 * 2048],
    ['gpt-oss', 2880, 'gqa { heads = 64; kv_heads = 8; head_dim = 64; bias = all; sink = learned }',
      2880 * 4096 + 4096 + 2 * (2880 * 512 + 512) + 4096 * 2880 + 2880 + 64],
    ['attention of Qwen3-Next', 2048, 'gqa { heads = 16; kv_heads = 2; head_dim = 256; qk_norm = rms(per = head); gate = sigmoid }',
      2048 * 8192 + 2 * 2048 * 512 + 4096 * 2048 + 2 * 256],
    ['mamba-130m', 768, 'mamba',
      768 * 3072 + 1536 * 4 + 1536 + 1536 * 80 + 48 * 1536 + 1536 + 1536 * 16 + 1536 + 1536 * 768],
    ['Jamba', 4096, 'mamba { inner_norm = rms }',
      4096 * 16_384 + 8192 * 5 + 8192 * 288 + 256 + 16 + 16 + 256 * 8192 + 8192 + 8192 * 16 + 8192 + 8192 * 4096],
    ['mamba2-2.7b', 2560, 'mamba2',
      2560 * (2 * 5120 + 2 * 128 + 80) + 5 * (5120 + 256) + 3 * 80 + 5120 + 5120 * 2560],
    ['delta rule of Qwen3-Next', 2048, 'gated_delta { k_heads = 16; v_heads = 32 }',
      2048 * (12_288 + 64) + 8192 * 4 + 2 * 32 + 128 + 4096 * 2048],
    ['lightning attention of MiniMax-Text-01', 6144, 'linear { heads = 64; head_dim = 128 }',
      6144 * 3 * 8192 + 6144 * 8192 + 8192 + 8192 * 6144],
    ['short convolution of LFM2-1.2B', 2048, 'conv', 2048 * 3 * 2048 + 2048 * 3 + 2048 * 2048],
    ['RecurrentGemma-2B', 2560, 'rg_lru { heads = 10 }',
      3 * (2560 * 2560 + 2560) + 2560 * 5 + 2560 + 2 * (10 * 256 * 256 + 2560)],
    ['RWKV-7 0.1B, first layer', 768, 'rwkv7',
      4 * 768 * 768 + 6 * 768 + 3 * 768 + 2 * (2 * 768 * 64 + 768) + 2 * 768 * 128 + 2 * 768],
  ])('%s', (_, dModel, value, size) => {
    expect(sizeOf(value, dModel)).toBe(size);
  }); // prettier-ignore
});

describe('parameters have', () => {
  const namesOf = (value: string): string[] => parametersOf(value).map(({ name }) => name);

  it.each([
    ['gqa { heads = 12; kv_from = none; kv_share = true; gate = sigmoid; sink = learned }', 'q.weight k.weight o.weight sink gate.weight'],
    ['mla { heads = 8; kv_rank = 64; q_rank = 32 }', 'q_down.weight q_norm.gain q_up.weight kv_down.weight kv_norm.gain kv_up.weight o.weight'],
    ['mla { heads = 8; kv_rank = 64 }', 'q.weight kv_down.weight kv_norm.gain kv_up.weight o.weight'],
    ['mamba2', 'in.weight conv.weight conv.bias A_log D dt_bias norm.gain out.weight'],
    ['linear { heads = 12; gate = none }', 'q.weight k.weight v.weight norm.gain o.weight'],
    ['experts { n = 4; expert = conv }', 'router.weight expert.in.weight expert.conv.weight expert.out.weight'],
  ])('the names of %s', (value, expected) => {
    expect(namesOf(value)).toEqual(expected.split(' '));
  }); // prettier-ignore

  it('no keys of their own where another layer lends them', () => {
    const lent = perLayer(modelWith('gqa { heads = 12; qk_norm = rms(per = head); kv_from = layer - layer % 2 }'));
    const names = lent.map((spec) => mixerParameters(spec, dim('d_model', 768)).map(({ name }) => name).join(' ')); // prettier-ignore
    const [own, other] = [
      'q.weight k.weight v.weight o.weight q_norm.gain k_norm.gain',
      'q.weight o.weight q_norm.gain',
    ];
    expect(names).toEqual([own, other, own, other, own, other]);
  });
});
