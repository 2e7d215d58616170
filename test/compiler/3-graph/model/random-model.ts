// Takes: fast-check. Gives: small models with every knob at random, and weights for them.
// Promises: shapes are consistent; weights are the same for the same seed.
import * as fc from 'fast-check';
import type { Activation, FfnSpec, GqaSpec, MaskSpec, Model, NormSpec } from '../../../../compiler/2-check/model.ts';
import { elements } from '../../../../compiler/2-check/parameters/parameter.ts';
import { parameters } from '../../../../compiler/2-check/parameters/parameters.ts';
import { glu, gqa, init, layerNorm, makeModel, mlp, rms, wirings } from './model-builder.ts';

const oneOf = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

const norms: fc.Arbitrary<NormSpec> = fc.record({
  kind: oneOf('rms' as const, 'layer' as const),
  eps: oneOf(1e-6, 1e-2),
  gain: oneOf('weight' as const, 'one_plus' as const, 'none' as const),
  bias: fc.boolean(),
  reduce: fc.constant('f32' as const),
  cast: fc.constant('before_gain' as const),
});

const causal: MaskSpec = { kind: 'causal' };
const masks = oneOf<MaskSpec>(
  causal,
  { kind: 'all', parts: [causal, { kind: 'window', size: 3 }] },
  { kind: 'all', parts: [{ kind: 'chunk', size: 2 }, causal] },
  {
    kind: 'all',
    parts: [
      causal,
      {
        kind: 'all',
        parts: [
          { kind: 'window', size: 4 },
          { kind: 'chunk', size: 5 },
        ],
      },
    ],
  },
);

export const mixers: fc.Arbitrary<GqaSpec> = fc
  .record({
    heads: fc.constantFrom({ heads: 4, kvHeads: 1 }, { heads: 4, kvHeads: 2 }, { heads: 4, kvHeads: 4 }, { heads: 6, kvHeads: 2 }), // prettier-ignore
    headDim: oneOf(4, 6),
    scale: oneOf(0.5, 1.25),
    mask: masks,
    softcap: oneOf(null, 2),
    biases: oneOf('', 'qkv', 'qkvo', 'vo'),
    rope: fc.option(
      fc.record({
        dim: oneOf(2, 4),
        theta: oneOf(100, 10_000),
        pairing: oneOf('half' as const, 'interleaved' as const),
      }),
    ),
    alibi: fc.option(fc.record({ maxBias: oneOf(8, 3), scaled: fc.boolean(), round: oneOf(null, 'bf16' as const) }), {
      freq: 2,
    }),
    clipQkv: oneOf(null, null, 0.6),
    outNorm: oneOf(null, null, rms, layerNorm),
    diff: oneOf(null, null, { init: 0.35, vectorInit: init, eps: 1e-5 }),
    qkNorm: fc.option(
      fc.record({
        norm: norms,
        per: oneOf('head' as const, 'each_head' as const, 'full' as const),
        order: oneOf('before_rope' as const, 'after_rope' as const),
      }),
    ),
  })
  .map(({ heads, diff, rope, qkNorm, ...rest }) =>
    gqa({
      ...heads,
      diff: heads.kvHeads % 2 === 0 ? diff : null,
      ...rest,
      rope: rope && { ...rope, scaling: { kind: 'none' } },
      qkNorm: qkNorm && { ...qkNorm.norm, per: qkNorm.per, order: qkNorm.order },
    }),
  );

const xielu: Activation = { kind: 'xielu', alphaP: 0.8, alphaN: 0.7, beta: 0.5, eps: -1e-6 };
const acts: readonly Activation[] = ['silu', 'gelu', 'gelu_tanh', 'quick_gelu', 'relu', 'relu2', 'sigmoid', 'tanh', 'identity', xielu]; // prettier-ignore

const ffns: fc.Arbitrary<FfnSpec> = fc
  .record({ gated: fc.boolean(), act: oneOf(...acts), bias: fc.boolean(), norm: oneOf(null, null, rms, layerNorm) })
  .map(({ gated, act, bias, norm }) => ({ ...(gated ? glu(5, act, bias) : mlp(5, act, bias)), norm }));

const { pre, ...fixed } = wirings;

export const models: fc.Arbitrary<Model> = fc
  .record({
    norm: norms,
    mixers: fc.array(mixers, { minLength: 1, maxLength: 2 }),
    ffn: ffns,
    wiring: oneOf(pre(1), pre(0.3), ...Object.values(fixed)),
    embed: fc.record({
      tied: fc.boolean(),
      scale: oneOf(1, 2.5),
      rows: oneOf(7, 7, 9),
      positions: oneOf(null, { length: 16, offset: 0, init }, { length: 16, offset: 2, init }),
      sinusoidal: oneOf(
        null,
        null,
        { theta: 50, offset: 1, spacing: 'open' as const },
        { theta: 9, offset: 0, spacing: 'closed' as const },
      ),
      norm: oneOf(null, rms, layerNorm),
    }),
    head: fc.record({
      scale: oneOf(1, 0.25),
      softcap: oneOf(null, 3),
      bias: fc.boolean(),
      norm: oneOf(null, rms),
      transform: oneOf(null, null, { act: 'silu' as const, norm: layerNorm, projection: { bias: true, init } }, { act: xielu, norm: null, projection: { bias: false, init } }), // prettier-ignore
    }),
    factor: oneOf(null, null, { dim: 5, projection: { bias: false, init } }),
  })
  .map(({ factor, ...knobs }) => {
    const [embed, head] = [
      { ...knobs.embed, factor },
      { ...knobs.head, factor },
    ];
    return makeModel({ dModel: 6, vocab: 7, ...knobs, embed, head });
  });

/** Numbers in [-1, 1) that look random: a linear congruential generator (Numerical Recipes). */
export function numbers(count: number, seed: number): number[] {
  let state = seed >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export function randomWeights(model: Model, seed = 1): Map<string, number[]> {
  return new Map(parameters(model).map((p, i) => [p.name, numbers(elements(p), seed * 1000 + i)]));
}
