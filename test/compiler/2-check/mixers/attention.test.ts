// Takes: attention as it is written. Gives: proof that it resolves to what it says.
// Promises: every key of gqa and mla, every scaling of rope; per-layer values; faults with their numbers.
import { describe, expect, it } from 'vitest';
import { check, gqaOf, modelOf, modelsOf, small } from '../prelude.ts';
import { faultsOf, modelWith, perLayer, specOf, textWith } from './mixer-of.ts';

describe('gqa', () => {
  it.each<[string, object]>([
    ['gqa { heads = 12 }', { kvHeads: 12, headDim: 64, vDim: 64, scale: 0.125, alibi: null, kvFrom: null, kvShare: false, sink: null, gate: null, diff: null, outNorm: null, clipQkv: null }], // prettier-ignore
    ['gqa { heads = 12; v_dim = 32 }', { headDim: 64, vDim: 32 }],
    ['gqa { heads = 12; sink = learned(per = head) }', { sink: { per: 'head' } }],
    ['gqa { heads = 12; gate = sigmoid }', { gate: { act: 'sigmoid', per: 'element', projection: { bias: false } } }],
    ['gqa { heads = 12; gate = sigmoid(per = head) }', { gate: { act: 'sigmoid', per: 'head' } }],
    ['gqa { heads = 12; gate = silu }', { gate: { act: 'silu' } }],
    ['gqa { heads = 12; qk_norm = layer(per = each_head) }', { qkNorm: { kind: 'layer', per: 'each_head' } }],
    ['gqa { heads = 12; diff = lambda(init = 0.5, eps = 1e-6) }', { diff: { init: 0.5, vectorInit: { kind: 'normal', std: 0.1 }, eps: 1e-6 } }], // prettier-ignore
    ['gqa { heads = 12; out_norm = rms }', { outNorm: { kind: 'rms', eps: 1e-6 } }],
    ['gqa { heads = 12; out_norm = layer(eps = 1e-3) }', { outNorm: { kind: 'layer', eps: 1e-3 } }],
    ['gqa { heads = 12; kv_share = true; clip_qkv = 8 }', { kvShare: true, clipQkv: 8 }],
    ['gqa { heads = 12; rope = none; pos = alibi }', { rope: null, alibi: { maxBias: 8, scaled: false, round: null } }],
    ['gqa { heads = 12; rope = none; pos = alibi { max_bias = 16 } }', { alibi: { maxBias: 16 } }],
    [
      'gqa { heads = 12; rope = none; pos = alibi(scaled = true, round = bf16) }',
      { alibi: { maxBias: 8, scaled: true, round: 'bf16' } },
    ],
  ])('%s', (value, spec) => {
    expect(specOf(value, 'gqa')).toMatchObject(spec);
  });

  it.each<[string, (number | null)[]]>([
    ['none', [null, null, null, null, null, null]],
    ['layer', [null, null, null, null, null, null]],
    ['layer - layer % 2', [null, 0, null, 2, null, 4]],
    ['cycle [none, layer - 1]', [null, 0, null, 2, null, 4]],
    ['0', [null, 0, 0, 0, 0, 0]],
  ])('kv_from = %s', (from, layers) => {
    const specs = perLayer(modelWith(`gqa { heads = 12; kv_from = ${from} }`));
    expect(specs.map((spec) => (spec.kind === 'gqa' ? spec.kvFrom : undefined))).toEqual(layers);
  });

  it('diff starts at 0.8 - 0.6 exp(-0.3 layer)', () => {
    const specs = perLayer(modelWith('gqa { heads = 12; diff = lambda }'));
    const starts = specs.map((spec) => (spec.kind === 'gqa' ? spec.diff?.init : undefined));
    expect(starts).toEqual([0, 1, 2, 3, 4, 5].map((layer) => 0.8 - 0.6 * Math.exp(-0.3 * layer)));
  });

  it('takes keys of another mixer under the same kind of mask', () => {
    const items = `mixer w = attn { mask = window(8) & causal; kv_from = layer - 1 }
      attn.mask = causal & window(4)
      block main(mix) { h = x + mix(rms.mix(x)); y = h + mlp(rms.ffn(h)) }
      stack n_layers { cycle [main(attn), main(w)] }`;
    expect(gqaOf(modelOf(small(items)), 'w').kvFrom).toBe(0);
  });
});

describe('mla', () => {
  it.each<[string, object]>([
    ['mla { heads = 8; kv_rank = 128 }', { qRank: null, kvRank: 128, nopeDim: 128, ropeDim: 64, vDim: 128, scale: 192 ** -0.5, cache: 'latent', rope: { dim: 64 }, latentNorm: { kind: 'rms' } }], // prettier-ignore
    ['mla { heads = 8; kv_rank = 128; q_rank = 96; cache = full }', { qRank: 96, cache: 'full' }],
    ['mla { heads = 8; kv_rank = 128; latent_norm = rms(eps = 1e-3) }', { latentNorm: { eps: 1e-3 } }],
    ['mla { heads = 8; kv_rank = 128; latent_norm = none; softcap = 30; bias = [q, o] }', { latentNorm: null, softcap: 30, projections: { q: { bias: true }, kv_up: { bias: false }, o: { bias: true } } }], // prettier-ignore
    ['mla { heads = 8; kv_rank = 128; mask = causal & window(16); rope = none }', { rope: null, mask: { kind: 'all' } }], // prettier-ignore
  ])('%s', (value, spec) => {
    expect(specOf(value, 'mla')).toMatchObject(spec);
  });

  it.each<[string, number]>([
    ['rope { scaling = yarn { factor = 40; original = 4096; mscale = 1; mscale_all_dim = 1 } }', 1.3689],
    ['rope { scaling = yarn { factor = 40; original = 4096; mscale = 0.707; mscale_all_dim = 0.707 } }', 1.2608],
    ['rope { scaling = yarn { factor = 40; original = 4096 } }', 1],
    ['rope { scaling = linear { factor = 4 } }', 1],
    ['rope { scaling = none }', 1],
    ['rope = none', 1],
  ])('rope.mscale of %s is %d', (rope, mscale) => {
    expect(specOf(`mla { heads = 8; kv_rank = 128; scale = rope.mscale; ${rope} }`, 'mla').scale).toBeCloseTo(mscale, 4); // prettier-ignore
  });

  it('keeps the scale when a variant takes the scaling away', () => {
    const value = 'mla { heads = 8; kv_rank = 128; let qk = nope_dim + rope_dim; scale = qk ^ -0.5 * rope.mscale ^ 2; rope { scaling = yarn { factor = 40; original = 4096; mscale = 1; mscale_all_dim = 1 } } }'; // prettier-ignore
    const [spec] = perLayer(
      modelWith(value, '', 'variant V from M { attn { nope_dim = 36; rope.scaling = none } }', 'V'),
    );
    expect(spec).toMatchObject({ nopeDim: 36, scale: 0.1 });
  });
});

describe('rope scalings', () => {
  it.each<[string, object]>([
    ['none', { kind: 'none' }],
    ['linear { factor = 8 }', { kind: 'linear', factor: 8 }],
    ['dynamic { factor = 2; original = 32 }', { kind: 'dynamic', factor: 2, original: 32 }],
    ['longrope { factor = 4; original = 16; short = [1, 1, 1, 1]; long = [1.5, 2, 3, 4] }', { kind: 'longrope', short: [1, 1, 1, 1], long: [1.5, 2, 3, 4] }], // prettier-ignore
    ['llama3 { factor = 8; original = 8192 }', { kind: 'llama3', low: 1, high: 4 }],
    ['yarn { factor = 4; original = 16; truncate = false; attention_factor = 1.2 }', { kind: 'yarn', truncate: false, attentionFactor: 1.2, mscale: null, betaFast: 32, betaSlow: 1 }], // prettier-ignore
  ])('%s', (scaling, spec) => {
    const value = `gqa { heads = 12; rope { dim = 8; scaling = ${scaling} } }`;
    expect(specOf(value, 'gqa').rope?.scaling).toMatchObject(spec);
  });

  const w3 = (keys: string): number =>
    faultsOf(textWith(`gqa { heads = 12; rope { scaling = yarn { factor = 4; original = 16; ${keys} } } }`)).filter(
      (fault) => fault.startsWith('yarn-truncate'),
    ).length;

  it.each([
    ['', 2],
    ['truncate = false', 1],
    ['truncate = true; attention_factor = 1', 0],
    ['truncate = true; attention_factor = none', 1],
    ['truncate = true; mscale = 1', 1],
    ['truncate = true; mscale_all_dim = 1', 1],
    ['truncate = true; mscale = 1; mscale_all_dim = 1', 0],
  ])('yarn { %s } warns %d times (W3)', (keys, times) => {
    expect(w3(keys)).toBe(times);
  });
});

describe('faults of attention', () => {
  it.each([
    ['gqa { heads = 12; kv_from = layer + 1 }', 'kv-from: attn in layer 0: kv_from 1 is no earlier layer'],
    ['gqa { heads = 12; kv_from = layer - 1 }', 'kv-from: attn in layer 0: kv_from -1 is before the first layer'],
    ['gqa { heads = 12; kv_from = max(layer - 1, 0) }', 'kv-from: attn in layer 2: kv_from 1, which takes its own from layer 0'], // prettier-ignore
    ['gqa { heads = 12; kv_from = 0.5 }', 'not-whole: attn.kv_from = 0.5 is not a whole number'],
    ['gqa { heads = 12; kv_share = true; v_dim = 32 }', 'inner-width: attn: kv_share gives keys and values by one projection, but v_dim 32 differs from head_dim 64'], // prettier-ignore
    [
      'gqa { heads = 12; kv_heads = 3; diff = lambda }',
      'inner-width: attn: diff takes key heads in pairs, but there are 3',
    ],
    ['mla { heads = 8 }', 'missing-key: mla (attn) needs `kv_rank`'],
    ['mla { heads = 8; kv_rank = 64; rope.dim = 128 }', 'rope-dim: attn.rope: dim 128 must be even, positive and at most rope_dim 64'], // prettier-ignore
    ['mla { heads = 8; kv_rank = 64; scale = rope.scale }', 'unknown-name: nothing here is named `rope.scale`'],
  ])('%s', (value, fault) => {
    expect(faultsOf(textWith(value))).toEqual([fault]);
  });

  it.each([
    ['gqa { heads = 12; state = 4 }', 'foreign-key'],
    ['mla { heads = 8; kv_rank = 64; kv_heads = 8 }', 'foreign-key'],
    ['gqa { heads = 12; sinks = learned }', 'unknown-key'],
    ['gqa { heads = 12; sink = learnt }', 'unknown-constructor'],
    ['gqa { heads = 12; gate = tanh }', 'unknown-constructor'],
    ['gqa { heads = 12; pos = relative }', 'unknown-constructor'],
    ['gqa { heads = 12; clip_qkv = 0 }', 'out-of-range'],
  ])('%s is %s', (value, code) => {
    expect(check(textWith(value)).diagnostics.filter(({ severity }) => severity === 'error').map((each) => each.code)).toEqual([code]); // prettier-ignore
  });
});

describe('canonical form of attention', () => {
  it.each([
    'gqa { heads = 12; kv_heads = 4; v_dim = 32; sink = learned; gate = sigmoid(per = head); diff = lambda; out_norm = layer(gain = none, eps = 1e-4); clip_qkv = 8; rope = none; pos = alibi { max_bias = 16; scaled = true; round = bf16 } }',
    'gqa { heads = 12; kv_share = true; softcap = tanh(50); gate = silu; kv_from = layer - layer % 2 }',
    'gqa { heads = 12; rope { dim = 8; scaling = longrope { factor = 4; original = 16; short = [1, 1, 1, 1]; long = [1.5, 2, 3, 4] } } }',
    'gqa { heads = 12; rope { scaling = dynamic { factor = 2; original = 32 } } }',
    'mla { heads = 8; kv_rank = 128; bias = all; softcap = 30; cache = full; rope { scaling = yarn { factor = 40; original = 4096; mscale = 1; mscale_all_dim = 1 } } }',
    'mla { heads = 8; kv_rank = 128; q_rank = cycle [none, 64]; latent_norm = none }',
  ])('%s', (value) => {
    const { canonical } = modelWith(value);
    expect([...modelsOf(canonical).values()].map((model) => model.canonical)).toEqual([canonical]);
  });
});
