// Takes: feed-forward parts as they are written. Gives: proof that they resolve to what they say.
// Promises: every form of the language page; each canonical text checks back to the same text.
import { describe, expect, it } from 'vitest';
import type { ExpertsSpec, FfnSpec, Model } from '../../../../compiler/2-check/model.ts';
import { ffnParameters } from '../../../../compiler/2-check/parameters/ffns.ts';
import { dim, elements } from '../../../../compiler/2-check/parameters/parameter.ts';
import { ffnsOf } from '../../../../compiler/2-check/resolve/parts.ts';
import { errorsOf, modelOf, modelsOf, small } from '../prelude.ts';

/** A model of d_model 768 whose ffn `mlp` is `value`; `items` stand beside it. */
function withFfn(value: string, items = ''): Model {
  return modelOf(small(`${items}\n`).replace('mlp = glu { }', `mlp = ${value}`));
}

function specOf(value: string, items = ''): FfnSpec {
  const spec = ffnsOf(withFfn(value, items)).get('mlp');
  if (spec === undefined) throw new Error('no mlp');
  return spec;
}

function expertsOf(value: string, items = ''): ExpertsSpec {
  const spec = specOf(value, items);
  if (spec.kind !== 'experts') throw new Error(`mlp is ${spec.kind}`);
  return spec;
}

describe('feed-forward parts', () => {
  it.each<[string, object]>([
    ['glu', { kind: 'glu', act: 'silu', width: 2048, clamp: null, upOffset: 0 }],
    ['glu { act = quick_gelu; clamp = 7; up_offset = 1; bias = all }', { act: 'quick_gelu', clamp: 7, upOffset: 1, gate: { bias: true } }], // prettier-ignore
    ['glu { match = mlp }', { kind: 'glu', width: 2048 }],
    ['mlp', { kind: 'mlp', act: 'gelu', width: 3072 }],
    ['channel_mix', { kind: 'channel_mix', act: 'relu2', width: 3072 }],
    ['channel_mix { width = 512 }', { kind: 'channel_mix', width: 512 }],
    ['experts { n = 8 }', { n: 8, topK: 2, shared: null, expert: { kind: 'glu', width: 2048 } }],
    ['experts { n = 8; expert = mlp { width = 64 } }', { expert: { kind: 'mlp', width: 64 } }],
    ['experts { n = 8; shared = 2; expert = glu { width = 128 } }', { shared: { count: 2, gate: null, expert: { kind: 'glu', width: 256 } } }], // prettier-ignore
    ['experts { n = 8; shared = 1; shared_gate = sigmoid; shared_expert = mlp { width = 96 } }', { shared: { count: 1, gate: { bias: false }, expert: { kind: 'mlp', width: 96 } } }], // prettier-ignore
    ['experts { n = 4; expert = experts { n = 8; top_k = 3; expert = glu { width = 64 } } }', { n: 4, expert: { kind: 'experts', n: 8, topK: 3, expert: { width: 64 } } }], // prettier-ignore
  ])('%s', (value, spec) => {
    expect(specOf(value)).toMatchObject(spec);
  });

  it('takes a named part as its expert, and follows it', () => {
    const items = 'ffn dense = glu { width = 128; act = relu }; block b(f) { y = x + f(rms.mix(x)) }; stack n_layers { cycle [b(mlp), b(dense)] }'; // prettier-ignore
    expect(expertsOf('experts { n = 4; shared = 2; expert = dense }', items)).toMatchObject({
      expert: { kind: 'glu', act: 'relu', width: 128 },
      shared: { expert: { kind: 'glu', act: 'relu', width: 256 } },
    });
    expect(expertsOf('experts { n = 4; expert = dense { width = 64 } }', items).expert).toMatchObject({ width: 64, act: 'relu' }); // prettier-ignore
  });

  it('derives anew in a variant: an expert is as wide as what a token uses of the dense part', () => {
    const base = `model M {
      vocab = 256; context = 64; d_model = 1024; n_layers = 2
      mixer attn = gqa { heads = 8 }
      ffn dense = glu {}
      ffn moe = experts { n = 64; top_k = 8; expert = glu { width = 512 }; router { groups = 8; top_groups = 4 } }
      block b(f) { h = x + attn(rms.mix(x)); y = h + f(rms.ffn(h)) }
      stack n_layers { cycle [b(dense), b(moe)] }
    }
    variant V from M {
      moe { n = 32; top_k = 7; shared = 1 }
      moe.expert.width = dense.width / (moe.top_k + moe.shared)
      moe.router { groups = none; combine = normalize }
    }
    variant W from V { dense.width = 2560 }`;
    const spec = (name: string): FfnSpec | undefined => ffnsOf(modelOf(base, name)).get('moe');
    expect(spec('V')).toMatchObject({ n: 32, topK: 7, expert: { width: 344 }, shared: { expert: { width: 344 } }, router: { groups: null } }); // prettier-ignore
    expect(spec('W')).toMatchObject({ expert: { width: 320 } });
  });

  it.each([
    ['experts { n = 4; expert = e }; e = experts { n = 4; expert = e }', ['cycle']],
    ['experts { n = 4; top_k = 5 }', ['expert-groups']],
    ['experts { top_k = 2 }', ['missing-key']],
    ['experts { n = 4; width = 64 }', ['foreign-key']],
    ['glu { match = glu }', ['wrong-type']],
    ['glu { token_shift = true }', ['unknown-key']],
    ['expert { n = 4 }', ['unknown-constructor']],
  ])('%s is %s', (value, codes) => {
    expect(errorsOf(small().replace('mlp = glu { }', `mlp = ${value}`))).toEqual(codes);
  });
});

describe('parameters of experts', () => {
  const sizes = (value: string): Record<string, string> => {
    const list = ffnParameters(specOf(value), dim('d_model', 768));
    return Object.fromEntries(list.map((each) => [each.name, `${each.dims.map(({ size }) => size).join(' x ')} ${each.class} ${each.active}`])); // prettier-ignore
  };

  it('stack the experts, and keep router, shared expert and its gate beside them', () => {
    const value = 'experts { n = 8; top_k = 2; shared = 1; shared_gate = sigmoid; expert = glu { width = 64 }; router { bias = true; noise = additive } }'; // prettier-ignore
    expect(sizes(value)).toEqual({
      'router.weight': '8 x 768 matrix 1',
      'router.bias': '8 vector 1',
      'router.noise.weight': '8 x 768 matrix 1',
      'expert.gate.weight': '8 x 64 x 768 matrix 0.25',
      'expert.up.weight': '8 x 64 x 768 matrix 0.25',
      'expert.down.weight': '8 x 768 x 64 matrix 0.25',
      'shared.gate.weight': '64 x 768 matrix 1',
      'shared.up.weight': '64 x 768 matrix 1',
      'shared.down.weight': '768 x 64 matrix 1',
      'shared_gate.weight': '1 x 768 matrix 1',
    });
  });

  it('of experts of experts are used as both routers choose', () => {
    expect(
      sizes('experts { n = 4; top_k = 1; expert = experts { n = 8; top_k = 2; expert = mlp { width = 64 } } }'),
    ).toEqual({
      'router.weight': '4 x 768 matrix 1',
      'expert.router.weight': '4 x 8 x 768 matrix 0.25',
      'expert.expert.up.weight': '4 x 8 x 64 x 768 matrix 0.0625',
      'expert.expert.down.weight': '4 x 8 x 768 x 64 matrix 0.0625',
    });
  });

  it('count biases of experts: a layer of gpt-oss-20b', () => {
    const value = 'experts { n = 32; top_k = 4; expert = glu { width = 2880; bias = all }; router.bias = true }';
    const list = ffnParameters(specOf(value), dim('d_model', 2880));
    const total = list.reduce((sum, each) => sum + elements(each), 0);
    expect(total).toBe(32 * (3 * 2880 * 2880 + 3 * 2880) + 32 * 2880 + 32);
  });
});

describe('canonical form of feed-forward parts', () => {
  it.each([
    'glu { act = gelu_tanh; clamp = 7; up_offset = 1; bias = [up, down] }',
    'channel_mix { bias = all }',
    'experts { n = 8 }',
    'experts { n = 8; shared = 2; shared_gate = sigmoid; expert = mlp { width = 64 } }',
    'experts { n = 4; expert = experts { n = 8; top_k = 3; expert = glu { width = 64 }; router.score = sigmoid } }',
    'experts { n = 8; expert = glu { width = cycle [64, 128] }; router.balance = cycle [none, aux(coef = 0.1)] }',
  ])('%s', (value) => {
    const { canonical } = withFfn(value);
    expect([...modelsOf(canonical).values()].map((model) => model.canonical)).toEqual([canonical]);
  });
});
