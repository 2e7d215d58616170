// Takes: the equations of a layer. Gives: how many numbers of each token the backward pass needs again.
// Promises: one rule per kind: the inputs of every product and nonlinearity, once; attention makes its scores again from a
//   logsumexp per head, a recurrence its states from one state per chunk; cheap elementwise work is made again.
import type { BlockExpr, Equation, FfnSpec, MixerSpec } from '../../../2-check/model.ts';
import { printBlockExpr } from '../../layers.ts';

type MixerOf<K extends MixerSpec['kind']> = Extract<MixerSpec, { readonly kind: K }>;
type FfnOf<K extends FfnSpec['kind']> = Extract<FfnSpec, { readonly kind: K }>;

/** Of one layer: the value of each equation, what norms and parts take, and what parts keep inside. */
export function savedPerToken(equations: readonly Equation[], dModel: number): number {
  const inputs = new Set<string>();
  let inside = 0;
  const visit = (expr: BlockExpr): void => {
    if (expr.kind === 'arithmetic') [expr.left, expr.right].forEach(visit);
    if (!('input' in expr)) return;
    visit(expr.input);
    // A value of an equation is counted with it.
    if (expr.input.kind !== 'ref') inputs.add(printBlockExpr(expr.input));
    if (expr.kind === 'mixer') inside += savedByMixer(expr.spec, dModel);
    if (expr.kind === 'ffn') inside += savedByFfn(expr.spec, dModel);
  };
  equations.forEach(({ value }) => visit(value));
  return (equations.length + inputs.size) * dModel + inside;
}

export function savedByMixer(spec: MixerSpec, dModel: number): number {
  // The row of the spec's own kind.
  const rule = mixers[spec.kind] as (spec: MixerSpec, dModel: number) => number;
  return rule(spec, dModel);
}

export function savedByFfn(spec: FfnSpec, dModel: number): number {
  // The row of the spec's own kind.
  const rule = ffns[spec.kind] as (spec: FfnSpec, dModel: number) => number;
  return rule(spec, dModel);
}

const mixers: { readonly [K in MixerSpec['kind']]: (spec: MixerOf<K>, dModel: number) => number } = {
  /**
   * q, k, v, the heads' output, a logsumexp per head; q and k before their norm; the gate and the gated output;
   * the heads normed; of pairs of heads, what each gives (twice as wide), and their difference.
   */
  gqa({ heads, kvHeads, headDim, vDim, qkNorm, gate, diff, outNorm, kvFrom, kvShare }) {
    const [q, k, v, out] = [heads * headDim, kvHeads * headDim, kvHeads * vDim, heads * vDim];
    const own = kvFrom === null ? k + (kvShare ? 0 : v) : 0;
    const normed = qkNorm === null ? 0 : q + (kvFrom === null ? k : 0);
    const gated = gate === null ? 0 : out + (gate.per === 'head' ? heads : out);
    return q + own + out + heads + normed + gated + (outNorm === null ? 0 : out) + (diff === null ? 0 : 3 * out);
  },
  /** The latents before and after their norm, q, k and v of all heads, the output, a logsumexp per head. */
  mla({ heads, qRank, kvRank, nopeDim, ropeDim, vDim, latentNorm }) {
    const latents = ((qRank ?? 0) + kvRank) * (latentNorm === null ? 1 : 2) + ropeDim;
    return latents + heads * (2 * (nopeDim + ropeDim) + 2 * vDim + 1);
  },
  /** [u, z], u after its convolution, dt and its low rank, B and C, y. */
  mamba: ({ inner, dtRank, state }) => 5 * inner + dtRank + 2 * state,
  /** [z, x, B, C, dt], x B C after their convolution, y before its gate and norm, and the state of each chunk. */
  mamba2: ({ heads, headDim, state, groups, chunk }) =>
    4 * heads * headDim + 4 * groups * state + heads + (heads * headDim * state) / chunk,
  /** q, k, v before and after their convolution, q and k after their norm, z, o and its norm, a, b, the state of each chunk. */
  gated_delta: ({ kHeads, vHeads, kDim, vDim, chunk }) =>
    6 * kHeads * kDim + 5 * vHeads * vDim + 2 * vHeads + (vHeads * kDim * vDim) / chunk,
  /** q, k, v before and after their feature map, o and its norm; the gate and the gated output. */
  linear: ({ heads, headDim, gate }) => (gate === null ? 8 : 10) * heads * headDim,
  /** Six shifted inputs; r, w, k, v, a, g; kappa, the mixed k and v; o, its norm and the gated o; the low ranks. */
  rwkv7: ({ decayRank, aRank, vRank, gRank }, dModel) => 18 * dModel + decayRank + aRank + vRank + gRank,
  /** [B, C, u], B u, its convolution, and C times it. */
  conv: ({ width }) => 6 * width,
  /** x before and after its convolution, both gates, h, y and the product. */
  rg_lru: ({ width }) => 7 * width,
  /** The router's scores; of each copy its input and what it keeps, and its output, which the router's weight multiplies. */
  experts: ({ n, topK, shared, expert }, dModel) =>
    n + topK * (2 * dModel + savedByMixer(expert, dModel)) + shared * savedByMixer(expert, dModel),
};

const ffns: { readonly [K in FfnSpec['kind']]: (spec: FfnOf<K>, dModel: number) => number } = {
  /** Before and after the activation, and normed. */
  mlp: ({ width, norm }) => (norm === null ? 2 : 3) * width,
  /** gate, up, act(gate) * up, and that normed. */
  glu: ({ width, norm }) => (norm === null ? 3 : 4) * width,
  /** The shifted input; before and after the activation. */
  channel_mix: ({ width }, dModel) => dModel + 2 * width,
  experts: ({ n, topK, expert, shared }, dModel) =>
    n + topK * (2 * dModel + savedByFfn(expert, dModel)) + (shared === null ? 0 : savedByFfn(shared.expert, dModel)),
};
