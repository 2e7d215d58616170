// Takes: a mixer. Gives: what it does beside its linear maps, and what it keeps of a token and of a sequence.
// Promises: one rule per kind; 2 operations per multiply-add; elementwise work that is no recurrence is left out, as is usual.
import type { ExpertsSpec, MaskSpec, MixerExpertsSpec, MixerSpec } from '../../2-check/model.ts';
import { dim, elements, type Parameter } from '../../2-check/parameters/parameter.ts';
import { routerParameters } from '../../2-check/parameters/ffns.ts';
import { mixerParameters } from '../../2-check/parameters/mixers.ts';

/** A whole sequence at once (training, prefill), or one token with what was kept (decode). */
export interface TwoWays {
  readonly sequence: number;
  readonly step: number;
}

export interface MixerWork {
  /** FLOPs per token of convolutions and recurrences. */
  readonly fixed: TwoWays;
  /** FLOPs per (query, key) pair that is seen: scores and weighted values. */
  readonly perKey: TwoWays;
  /** Which pairs those are; in a chunked recurrence the ones of the chunk. */
  readonly mask: MaskSpec;
  /** Numbers kept of each token, as far back as the mask looks. */
  readonly kept: number;
  /** Numbers kept of a sequence, however long. */
  readonly state: number;
}

const causal: MaskSpec = { kind: 'causal' };
const both = (flops: number): TwoWays => ({ sequence: flops, step: flops });
const inChunk = (size: number): MaskSpec => ({ kind: 'all', parts: [causal, { kind: 'chunk', size }] });
/** The last inputs of a causal convolution per channel. */
const convolved = (channels: number, kernel: number) => ({
  flops: 2 * channels * kernel,
  state: channels * (kernel - 1),
});

type Rule<K extends MixerSpec['kind']> = (spec: Extract<MixerSpec, { readonly kind: K }>, dModel: number) => MixerWork;

const rules: { readonly [K in MixerSpec['kind']]: Rule<K> } = {
  gqa({ heads, kvHeads, headDim, vDim, mask, kvFrom, kvShare, rope, diff }) {
    // Shared keys that are rotated are no longer the values: both are kept.
    const perHead = kvShare && rope === null ? headDim : headDim + vDim;
    return {
      fixed: both(0),
      // A head of a pair weighs the values of two key heads.
      perKey: both(2 * heads * (headDim + (diff === null ? 1 : 2) * vDim)),
      mask,
      kept: kvFrom === null ? kvHeads * perHead : 0,
      state: 0,
    };
  },
  /**
   * Expanded over a sequence: heads of nope + rope and v_dim. Absorbed at decode: kv_up is folded into queries and output,
   * which costs what applying it to one token costs; scores and values are then over the latent itself.
   */
  mla({ heads, kvRank, nopeDim, ropeDim, vDim, mask, cache }) {
    const expanded = 2 * heads * (nopeDim + ropeDim + vDim);
    const absorbed = 2 * heads * (2 * kvRank + ropeDim);
    return {
      fixed: both(0),
      perKey: { sequence: expanded, step: cache === 'latent' ? absorbed : expanded },
      mask,
      kept: cache === 'latent' ? kvRank + ropeDim : heads * (nopeDim + ropeDim + vDim),
      state: 0,
    };
  },
  /** h = exp(dt A) h + dt B u; y = C h + D u: per element of h two products, a multiply-add, and one for y. */
  mamba({ inner, state, conv }) {
    const taps = convolved(inner, conv);
    return recurrent(both(taps.flops + 6 * inner * state + 2 * inner), inner * state + taps.state);
  },
  /** Step: S = a S + x B^T (3 per element), y = S C (2). In chunks: C B^T and the values per pair, 2 products with S. */
  mamba2({ heads, headDim, state, groups, conv, chunk }) {
    const inner = heads * headDim;
    const taps = convolved(inner + 2 * groups * state, conv);
    const perKey = 2 * groups * state + 2 * inner;
    return chunked(
      taps,
      { sequence: 4 * inner * state + 2 * inner, step: 5 * inner * state + 2 * inner },
      perKey,
      chunk,
      inner * state,
    );
  },
  /**
   * Step: decay 1, S^T k 2, S + k d^T 2, S^T q 2 per element. In chunks: k k^T, q k^T and the inverse of I + tril(k k^T), c^2 / 3
   * per token, applied to k and v; three products with S (arXiv 2406.06484).
   */
  gated_delta({ kHeads, vHeads, kDim, vDim, conv, chunk }) {
    const [keys, values] = [kHeads * kDim, vHeads * vDim];
    const taps = convolved(2 * keys + values, conv);
    const state = vHeads * kDim * vDim;
    const perKey = vHeads * (6 * kDim + 4 * vDim);
    return chunked(taps, { sequence: 6 * state + (vHeads * chunk ** 2) / 3, step: 7 * state }, perKey, chunk, state);
  },
  /** S = e^-s S + k^T v (3 per element, 2 without decay); o = q S (2). */
  linear({ heads, headDim, decay }) {
    const state = heads * headDim ** 2;
    return recurrent(both((decay.kind === 'none' ? 4 : 5) * state), state);
  },
  /** S = S diag(w) + S (-kappa) (kappa a)^T + v k^T; o = S r: 1 + 2 + 2 + 2 + 2 per element. The last x is kept to shift. */
  rwkv7({ heads, headDim }, dModel) {
    const state = heads * headDim ** 2;
    return recurrent(both(9 * state), state + dModel);
  },
  conv({ width, conv }) {
    const taps = convolved(width, conv);
    return recurrent(both(taps.flops), taps.state);
  },
  /** h = a h + sqrt(1 - a^2) (i x) */
  rg_lru({ width, conv }) {
    const taps = convolved(width, conv);
    return recurrent(both(taps.flops + 4 * width), width + taps.state);
  },
  /** A copy sees the tokens that chose it too, as many as an even spread gives it. */
  experts({ n, topK, shared, expert, router }, dModel) {
    const one = mixerWork(expert, dModel);
    const used = expertsPerToken({ topK, router });
    const times = ({ sequence, step }: TwoWays, by: number): TwoWays => ({ sequence: sequence * by, step: step * by });
    return {
      fixed: times(one.fixed, used + shared),
      perKey: times(one.perKey, (used * used) / n + shared),
      mask: one.mask,
      kept: one.kept * (used + shared),
      state: one.state * (n + shared),
    };
  },
};

export function mixerWork(spec: MixerSpec, dModel: number): MixerWork {
  // The row of the spec's own kind.
  const rule = rules[spec.kind] as (spec: MixerSpec, dModel: number) => MixerWork;
  return rule(spec, dModel);
}

function recurrent(fixed: TwoWays, state: number): MixerWork {
  return { fixed, perKey: both(0), mask: causal, kept: 0, state };
}

function chunked(
  taps: { readonly flops: number; readonly state: number },
  { sequence, step }: TwoWays,
  perKey: number,
  chunk: number,
  state: number,
): MixerWork {
  const fixed = { sequence: taps.flops + sequence, step: taps.flops + step };
  return { fixed, perKey: { sequence: perKey, step: 0 }, mask: inChunk(chunk), kept: 0, state: state + taps.state };
}

/** Experts that a token passes on average; where experts choose tokens, T * capacity / n each. */
export function expertsPerToken({ topK, router }: Pick<ExpertsSpec | MixerExpertsSpec, 'topK' | 'router'>): number {
  return router.select.kind === 'expert_choice' ? router.select.capacity : topK;
}

/** FLOPs per token of the linear maps. */
export function mixerMaps(spec: MixerSpec, dModel: number): number {
  if (spec.kind !== 'experts') return mapFlops(mixerParameters(spec, dim('d_model', dModel)));
  const copies = expertsPerToken(spec) + spec.shared;
  return (
    mapFlops(routerParameters(spec.router, spec.n, dim('d_model', dModel))) + copies * mixerMaps(spec.expert, dModel)
  );
}

/** 2 per multiply-add of every matrix. */
export function mapFlops(parameters: readonly Parameter[]): number {
  return parameters.reduce((sum, each) => (each.class === 'matrix' ? sum + 2 * elements(each) : sum), 0);
}
