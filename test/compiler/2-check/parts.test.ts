// Takes: keys of mixers, ffns, norms, embeddings, heads, init. Gives: proof of what they mean, and of their faults.
import { describe, expect, it } from 'vitest';
import type { GqaSpec } from '../../../compiler/2-check/model.ts';
import { ffnsOf } from '../../../compiler/2-check/resolve/parts.ts';
import { check, ffnOf, gqaOf, modelOf, small } from './prelude.ts';

function attn(items: string): GqaSpec {
  return gqaOf(modelOf(small(`attn { ${items} }`)));
}

const faults = (items: string): string[] =>
  check(small(items))
    .diagnostics.filter(({ severity }) => severity === 'error')
    .map(({ code }) => code);

describe('gqa', () => {
  it.each([
    ['', { heads: 12, kvHeads: 12, headDim: 64, scale: 0.125, softcap: null, qkNorm: null, mask: { kind: 'causal' } }],
    ['head_dim = 96', { heads: 12, headDim: 96 }],
    ['scale = 1 / head_dim', { scale: 1 / 64 }],
    ['mask = full', { mask: { kind: 'full' } }],
    ['mask = causal & chunk(16)', { mask: { kind: 'all', parts: [{ kind: 'causal' }, { kind: 'chunk', size: 16 }] } }],
    ['mask = window(8) & causal', { mask: { kind: 'all', parts: [{ kind: 'causal' }, { kind: 'window', size: 8 }] } }],
    ['mask = full & causal', { mask: { kind: 'causal' } }],
    ['softcap = 50', { softcap: 50 }],
    ['softcap = tanh(25 * 2)', { softcap: 50 }],
    ['rope = none', { rope: null }],
    ['rope.partial = 0.25', { rope: { dim: 16, theta: 10_000, pairing: 'half', scaling: { kind: 'none' } } }],
    [
      'rope { dim = 32; theta = 5e5; pairing = interleaved }',
      { rope: { dim: 32, theta: 5e5, pairing: 'interleaved', scaling: { kind: 'none' } } },
    ],
    [
      'rope.scaling = linear { factor = 8 }',
      { rope: expect.objectContaining({ scaling: { kind: 'linear', factor: 8 } }) },
    ],
    ['rope.scaling = linear(8)', { rope: expect.objectContaining({ scaling: { kind: 'linear', factor: 8 } }) }],
    [
      'rope.scaling = llama3 { factor = 8; original = 8192 }',
      { rope: expect.objectContaining({ scaling: { kind: 'llama3', factor: 8, low: 1, high: 4, original: 8192 } }) },
    ],
    [
      'rope.scaling = yarn { factor = 40; original = 4096; mscale = 1 }',
      {
        rope: expect.objectContaining({
          scaling: {
            kind: 'yarn',
            factor: 40,
            original: 4096,
            betaFast: 32,
            betaSlow: 1,
            truncate: true,
            attentionFactor: null,
            mscale: 1,
            mscaleAllDim: null,
          },
        }),
      },
    ],
    [
      'qk_norm = rms',
      {
        qkNorm: {
          kind: 'rms',
          eps: 1e-6,
          gain: 'weight',
          bias: false,
          reduce: 'f32',
          cast: 'before_gain',
          per: 'head',
          order: 'before_rope',
        },
      },
    ],
    [
      'qk_norm = rms(per = full, after = rope)',
      { qkNorm: expect.objectContaining({ per: 'full', order: 'after_rope' }) },
    ],
    [
      'qk_norm = layer { gain = none; eps = 1e-3 }',
      { qkNorm: expect.objectContaining({ kind: 'layer', gain: 'none', eps: 1e-3 }) },
    ],
  ])('%s', (items, expected) => {
    expect(attn(items)).toMatchObject(expected);
  });

  it.each([
    ['none', ''],
    ['all', 'qkvo'],
    ['qkv', 'qkv'],
    ['q', 'q'],
    ['[q, v]', 'qv'],
  ])('bias = %s', (bias, expected) => {
    const spec = attn(`bias = ${bias}`);
    expect((['q', 'k', 'v', 'o'] as const).filter((part) => spec[part].bias).join('')).toBe(expected);
  });

  it('takes a norm of the model, with its gain, for queries and keys', () => {
    const model = modelOf(small('norm rms { gain = 1 + weight; eps = 1e-5 }; attn.qk_norm = rms(per = head)'));
    expect(gqaOf(model).qkNorm).toMatchObject({ gain: 'one_plus', eps: 1e-5, per: 'head' });
  });

  it.each([
    ['attn.heads = 10', 'head-dim'],
    ['attn.kv_heads = 8', 'kv-heads'],
    ['attn.rope.dim = 33', 'rope-dim'],
    ['attn.rope.dim = 128', 'rope-dim'],
    ['attn.rope.scaling = llama3 { factor = 8 }', 'rope-scaling'],
    ['attn.rope.scaling = linear { factor = 0.5 }', 'rope-scaling'],
    ['attn.rope.scaling = llama3 { factor = 8; original = 64; low = 4; high = 4 }', 'rope-scaling'],
    ['attn.rope.scaling = yarn { factor = 8; original = 64; beta_fast = 0.5 }', 'rope-scaling'],
    ['attn.rope.scaling = linear { }', 'missing-key'],
    ['attn.rope.scaling = yarn { factor = 2; original = 64; low = 1 }', 'foreign-key'],
    ['attn.rope.scaling = longrope { factor = 2; original = 64 }', 'missing-key'],
    ['attn.rope.scaling = lineal { factor = 2 }', 'unknown-constructor'],
    ['attn.mask = causal & windou(8)', 'wrong-type'],
    ['attn.mask = window(0)', 'out-of-range'],
    ['attn.mask = prefix(8)', 'wrong-type'],
    ['attn.bias = [q, x]', 'wrong-type'],
    ['attn.softcap = -3', 'out-of-range'],
    ['attn.qk_norm = l2norm(eps = 1e-6)', 'unknown-constructor'],
    ['attn.kv_from = layer - 1', 'kv-from'],
    ['attn.heads = 2tok', 'wrong-type'],
    ['attn.heads = [12]', 'wrong-type'],
    ['attn = 5', 'wrong-type'],
    ['mlp.act = silo', 'wrong-type'],
    ['mlp.width = 0', 'out-of-range'],
    ['mlp.width = 100.5', 'not-whole'],
    ['norm rms { gain = 2 + weight }', 'wrong-type'],
    ['norm rms = layer { }', 'wrong-type'],
    ['norm ln = group { }', 'unknown-constructor'],
    ['head lm { norm = rsm }', 'unknown-constructor'],
    ['head lm { bias = 3 }', 'wrong-type'],
    ['head medusa { }', 'unknown-constructor'],
    ['embed token { pos = rope }', 'unknown-constructor'],
    ['init { mlp.down = normal() }', 'missing-key'],
    ['init { mlp.down = normal(1, 2) }', 'wrong-arguments'],
    ['init { mlp.down = copy("x") }', 'missing-key'],
    ['init { mlp.dwn = normal(std = 1) }', 'unknown-target'],
    ['mixer attn = attm { }', 'unknown-constructor'],
  ])('%s: %s', (items, code) => {
    expect(check(small('', `variant V from M { ${items} }`)).diagnostics.map((each) => each.code)).toContain(code);
  });
});

describe('ffn', () => {
  it.each([
    ['glu { }', { kind: 'glu', act: 'silu', width: 2048 }],
    ['glu { ratio = 4 }', { kind: 'glu', width: 3072 }],
    ['glu { width = round(8/3 * d_model, to = 256, mode = ceil) }', { width: 2048 }],
    ['mlp { }', { kind: 'mlp', act: 'gelu', width: 3072, norm: null }],
    ['mlp { norm = layer(eps = 1e-4) }', { norm: { kind: 'layer', eps: 1e-4 } }],
    ['glu { norm = rms }', { norm: { kind: 'rms', eps: 1e-6 } }],
    [
      'mlp { act = relu2; bias = all }',
      { act: 'relu2', up: expect.objectContaining({ bias: true }), down: expect.objectContaining({ bias: true }) },
    ],
    [
      'glu { bias = [down] }',
      { gate: expect.objectContaining({ bias: false }), down: expect.objectContaining({ bias: true }) },
    ],
  ])('%s', (text, expected) => {
    const model = modelOf(
      `model M { vocab = 256; d_model = 768; n_layers = 6; mixer attn = gqa { heads = 12 }; ffn mlp = ${text} }`,
    );
    expect(ffnsOf(model).get('mlp')).toMatchObject(expected);
  });
});

describe('ends', () => {
  it.each([
    ['embed token { tie = head }', { tied: true, positions: null, scale: 1 }],
    [
      'embed token { pos = learned }',
      { tied: false, positions: { length: 64, offset: 0, init: { kind: 'trunc_normal', std: 0.02, cut: 3 } } },
    ],
    ['embed token { pos = learned(100) }', { positions: expect.objectContaining({ length: 100 }) }],
    ['embed token { pos = learned(offset = 2) }', { positions: expect.objectContaining({ length: 64, offset: 2 }) }],
    ['embed token { pos = sinusoidal(500, 2, closed) }', { sinusoidal: { theta: 500, offset: 2, spacing: 'closed' } }],
    ['embed token { norm = layer { bias = none } }', { norm: expect.objectContaining({ kind: 'layer', bias: false }) }],
    ['embed.scale = sqrt(d_model)', { scale: Math.sqrt(768) }],
    ['init.embed = normal(1)', { init: { kind: 'normal', std: 1 } }],
    ['init.embed = zeros', { init: { kind: 'constant', value: 0 } }],
    ['init.embed = uniform(0.1)', { init: { kind: 'uniform', bound: 0.1 } }],
  ])('%s', (items, expected) => {
    expect(modelOf(small(items)).embed).toMatchObject(expected);
  });

  it.each([
    ['head lm { norm = none }', { norm: null }],
    ['head lm { }', { norm: expect.objectContaining({ kind: 'rms' }), scale: 1, softcap: null, bias: false }],
    ['head lm { softcap = tanh(30); scale = 1/16; bias = true }', { softcap: 30, scale: 0.0625, bias: true }],
    ['head lm { transform { bias = true } }', { transform: { act: 'gelu', norm: null, projection: { bias: true, init: { kind: 'trunc_normal', std: 0.02, cut: 3 } } } }], // prettier-ignore
    ['head lm { transform { act = xielu } }; init.head = zeros', { transform: { act: { kind: 'xielu' }, projection: { init: { kind: 'constant', value: 0 } } } }], // prettier-ignore
    ['norm ln = layer { }; head lm { norm = ln }', { norm: expect.objectContaining({ kind: 'layer', bias: true }) }],
  ])('%s', (items, expected) => {
    expect(modelOf(small(items)).head).toMatchObject(expected);
  });

  it('starts each projection by its most special target', () => {
    const items = `mixer local = attn { }
      block b(mix) { h = x + mix(x); y = h + mlp(h) }
      stack n_layers { cycle [b(local), b(attn)] }
      init { default = normal(1); mixer = normal(2); attn.o = normal(3); local = normal(4); ffn.up = normal(5) }`;
    const model = modelOf(small(items));
    const [local, own] = [gqaOf(model, 'local'), gqaOf(model)];
    expect([local.q.init, local.o.init, own.q.init, own.o.init]).toEqual(
      [4, 4, 2, 3].map((value) => ({ kind: 'normal', std: value })),
    );
    const mlp = ffnOf(model);
    expect([mlp.up.init, mlp.down.init]).toEqual([
      { kind: 'normal', std: 5 },
      { kind: 'normal', std: 1 },
    ]);
    expect(faults('init { default = zeros }')).toEqual([]);
  });
});
