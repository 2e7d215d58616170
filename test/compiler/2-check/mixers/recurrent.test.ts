// Takes: recurrent mixers, and experts of mixers, as they are written. Gives: proof that they resolve to what they say.
// Promises: every kind and key; variants that replace a part; per-layer values; each canonical text is a fixed point.
import { describe, expect, it } from 'vitest';
import type { MixerSpec } from '../../../../compiler/2-check/model.ts';
import { errorsOf, modelOf, modelsOf } from '../prelude.ts';
import { faultsOf, modelWith, perLayer, textWith } from './mixer-of.ts';

const first = (value: string): MixerSpec | undefined => perLayer(modelWith(value))[0];

describe('recurrent mixers', () => {
  it.each<[string, object]>([
    ['mamba', { inner: 1536, state: 16, conv: 4, convBias: true, dtRank: 48, innerNorm: null, aInit: { kind: 'log_range', count: 16 }, dInit: { kind: 'constant', value: 1 }, dt: { init: { kind: 'step_size', min: 1e-3, max: 0.1, floor: 1e-4 }, floor: 1e-4, clamp: [0, Infinity] } }], // prettier-ignore
    ['mamba { expand = 1.5; dt_rank = 7; inner_norm = rms; conv_bias = false; d_skip = 0.5; a_init = ones }', { inner: 1152, dtRank: 7, innerNorm: { kind: 'rms' }, convBias: false, dInit: { kind: 'constant', value: 0.5 } }], // prettier-ignore
    ['mamba2', { heads: 24, headDim: 64, state: 128, groups: 1, chunk: 256, aInit: { count: 24 }, out: { per: 'group', gate: 'silu', order: 'gate_then_norm' } }], // prettier-ignore
    ['mamba2 { expand = 4; groups = 8; out = none }', { heads: 48, groups: 8, out: null }],
    ['mamba2 { dt { init = zeros; floor = 0; clamp = 0.001..0.5 } }', { dt: { init: { kind: 'constant', value: 0 }, floor: 0, clamp: [0.001, 0.5] } }], // prettier-ignore
    ['mamba2 { out = rms(eps = 1e-3).full(gate = sigmoid) }', { out: { per: 'full', gate: 'sigmoid', norm: { kind: 'rms', eps: 1e-3 } } }], // prettier-ignore
    ['mamba2 { out = layer.head(gate = none, order = norm_then_gate) }', { out: { per: 'head', gate: 'none', order: 'norm_then_gate', norm: { kind: 'layer' } } }], // prettier-ignore
    ['gated_delta { k_heads = 4; v_heads = 8 }', { kHeads: 4, vHeads: 8, kDim: 128, vDim: 128, qkNormEps: 1e-6, qScale: 128 ** -0.5, decay: '-exp(A_log) * softplus(a + dt_bias)', beta: 'sigmoid(b)', out: { per: 'head', order: 'norm_then_gate' } }], // prettier-ignore
    ['gated_delta { k_heads = 4; qk = none; beta = 2*sigmoid( b ) }', { qkNormEps: null, beta: '2 * sigmoid(b)' }],
    ['linear { heads = 12 }', { headDim: 64, feature: 'silu', decay: { kind: 'slope', base: 2 ** (-8 / 12), depthScaled: true }, gate: { act: 'sigmoid', per: 'element' }, outNorm: { kind: 'rms' } }], // prettier-ignore
    ['linear { head_dim = 32; decay = none; gate = none; out_norm = none; feature = relu }', { heads: 24, decay: { kind: 'none' }, gate: null, outNorm: null, feature: 'relu' }], // prettier-ignore
    ['rwkv7 { decay_rank = 96; a_rank = 96; v_rank = 64; g_rank = 256 }', { heads: 12, headDim: 64, decayRank: 96, vRank: 64, gRank: 256, outEps: 64e-5, firstLayer: true }], // prettier-ignore
    ['conv', { width: 768, conv: 3, convBias: false }],
    ['conv { width = 512; conv_bias = true; bias = all }', { width: 512, convBias: true, projections: { in: { bias: true }, out: { bias: true } } }], // prettier-ignore
    ['rg_lru', { width: 768, heads: 3, conv: 4, projections: { x: { bias: true }, y: { bias: true }, out: { bias: true } } }], // prettier-ignore
    ['rg_lru { width = 1024 }', { width: 1024, heads: 4 }],
    ['experts { n = 4; top_k = 1; shared = 1; expert = gqa { heads = 6 }; router.score = sigmoid }', { n: 4, topK: 1, shared: 1, expert: { kind: 'gqa', heads: 6 }, router: { score: 'sigmoid' } }], // prettier-ignore
    ['experts { n = 4; expert = mamba2 { groups = 2 } }', { topK: 2, expert: { kind: 'mamba2', groups: 2 } }],
  ])('%s', (value, spec) => {
    expect(first(value)).toMatchObject(spec);
  });

  it('of a layer of its own: the first of RWKV-7 mixes no earlier values', () => {
    const firsts = perLayer(modelWith('rwkv7')).map((spec) => spec.kind === 'rwkv7' && spec.firstLayer);
    expect(firsts).toEqual([true, false, false, false, false, false]);
  });

  it('may differ by layer in every key', () => {
    const specs = perLayer(modelWith('mamba2 { state = 16 * (layer + 1); out = cycle [rms.group, none] }'));
    expect(specs.map((spec) => (spec.kind === 'mamba2' ? [spec.state, spec.out?.per] : []))).toEqual([
      [16, 'group'], [32, undefined], [48, 'group'], [64, undefined], [80, 'group'], [96, undefined],
    ]); // prettier-ignore
  });

  it('start as the targets of init say, inside experts too', () => {
    const init = 'init { attn.in = normal(std = 0.1); mixer.out = normal(std = 0.2) }';
    const [spec] = perLayer(modelWith('mamba2', init));
    expect(spec).toMatchObject({ projections: { in: { init: { std: 0.1 } }, out: { init: { std: 0.2 } } } });
    const [experts] = perLayer(modelWith('experts { n = 2; expert = gqa { heads = 12 } }', 'init { attn.expert.q = normal(std = 0.3) }')); // prettier-ignore
    expect(experts).toMatchObject({ expert: { q: { init: { std: 0.3 } } } });
  });
});

describe('a variant', () => {
  const base = textWith('mamba2 { chunk = 64; state = 32 }', '', `
    variant Delta from M { mixer attn = gated_delta { k_heads = 4 } }
    variant More from Delta { attn.k_heads = 8 }
    variant Again from M { mixer attn = mamba2 { state = 64 } }
    variant Wide from M { attn.expand = 4 }`); // prettier-ignore

  it.each<[string, object]>([
    ['M', { kind: 'mamba2', chunk: 64, state: 32, heads: 24 }],
    ['Delta', { kind: 'gated_delta', kHeads: 4, vHeads: 4 }],
    ['More', { kind: 'gated_delta', kHeads: 8, vHeads: 8 }],
    ['Again', { kind: 'mamba2', chunk: 256, state: 64 }],
    ['Wide', { kind: 'mamba2', chunk: 64, state: 32, heads: 48, aInit: { count: 48 } }],
  ])('%s', (name, spec) => {
    expect(perLayer(modelOf(base, name))[0]).toMatchObject(spec);
  });

  it('has no keys of the part it replaced', () => {
    expect(errorsOf(`${base}\nvariant Old from Delta { attn.state = 8 }`)).toEqual(['foreign-key']);
  });
});

describe('faults of recurrent mixers', () => {
  it.each([
    ['mamba2 { heads = 20 }', 'inner-width: attn: expand * d_model = 2 * 768 = 1536 differs from heads * head_dim = 20 * 64 = 1280'], // prettier-ignore
    ['mamba2 { head_dim = 100 }', 'inner-width: attn: expand * d_model = 2 * 768 = 1536 is not divisible by head_dim 100 (15.36)'], // prettier-ignore
    ['mamba2 { let heads = expand * d_model / head_dim; head_dim = 100 }', 'inner-width: attn: expand * d_model = 2 * 768 = 1536 is not divisible by head_dim 100 (15.36)'], // prettier-ignore
    ['mamba2 { groups = 5 }', 'inner-width: attn: heads 24 is not divisible by groups 5 (4.80)'],
    ['mamba { expand = 1.3 }', 'inner-width: attn: expand * d_model = 1.3 * 768 = 998.4 is not a whole number'],
    ['gated_delta { k_heads = 6; v_heads = 16 }', 'inner-width: attn: v_heads 16 is not divisible by k_heads 6 (2.67)'], // prettier-ignore
    ['linear { heads = 13 }', 'head-dim: attn: d_model 768 is not divisible by heads 13 (59.08)'],
    ['rwkv7 { head_dim = 100 }', 'inner-width: attn: d_model 768 is not divisible by head_dim 100 (7.68)'],
    ['rg_lru { width = 1000; heads = 3 }', 'inner-width: attn: width 1000 is not divisible by heads 3 (333.33)'],
    ['mamba2 { out = rms }', 'wrong-type: attn.out must be a norm with what it is over, but this is `rms`'],
    ['mamba2 { out = rms.groups }', 'unknown-constructor: attn.out: there is no output norm `groups`'],
    ['mamba2 { dt.init = log_uniform(1e-1, 1e-3) }', 'out-of-range: attn.dt.init = 0.1, but it must be at most 0.001, the other end of log_uniform'], // prettier-ignore
    ['gated_delta { k_heads = 6; decay = -exp(A_lg) }', 'unknown-name: nothing here is named `A_lg`'],
    ['gated_delta { k_heads = 6; beta = sigmod(b) }', 'unknown-name: nothing here is named `sigmod`'],
    ['gated_delta { k_heads = 6; beta = sigmoid(b, a) }', 'wrong-arguments: sigmoid: it takes one tensor'],
    ['experts { n = 4; top_k = 5; expert = gqa { heads = 12 } }', 'expert-groups: attn: top_k 5 is more than its 4 experts'], // prettier-ignore
    ['experts { n = 4; expert = attn; router.balance = aux(coef = 1e-2) }', 'cycle: these depend on each other: attn -> attn'], // prettier-ignore
  ])('%s', (value, fault) => {
    expect(faultsOf(textWith(value)).filter((each) => !each.startsWith('expert-balance'))).toEqual([fault]);
  });
});

describe('canonical form of recurrent mixers', () => {
  it.each([
    'mamba { expand = 1.5; inner_norm = rms; bias = all; conv_bias = false; dt_rank = 7; d_skip = 0.5; a_init = ones }',
    'mamba2 { groups = 8; out = none }',
    'mamba2 { out = cycle [rms.group, layer.full(gate = sigmoid)]; dt { init = zeros; clamp = 0.001..0.5 } }',
    'gated_delta { k_heads = 4; v_heads = 8; qk = none; beta = 2 * sigmoid(b); bias = [a, b] }',
    'linear { heads = 12; decay = slope(base = 0.5, depth_scaled = false); gate = sigmoid(per = head); bias = [q, o] }',
    'linear { heads = 12; decay = none; out_norm = none; gate = none }',
    'rwkv7 { bias = [r, o] }',
    'conv { width = 512; conv_bias = true; bias = all }',
    'rg_lru { width = 1024; bias = none }',
    'experts { n = 4; shared = 1; expert = gqa { heads = 6; sink = learned }; router.balance = aux(coef = 0.01) }',
    'experts { n = 4; expert = experts { n = 2; top_k = 1; expert = mamba2 } }',
  ])('%s', (value) => {
    const { canonical } = modelWith(value);
    expect([...modelsOf(canonical).values()].map((model) => model.canonical)).toEqual([canonical]);
  });
});
