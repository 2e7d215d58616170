// Takes: mixers, resolved. Gives: their canonical trees.
// Promises: total over their kinds; what is printed checks back to the same spec.
import type { AlibiSpec, DiffSpec, GateSpec, Init, MixerSpec, OutputNormSpec, StepSizeSpec } from '../model.ts';
import { routerTree } from './ffn-trees.ts';
import {
  biasText,
  branch,
  initText,
  maskText,
  normTree,
  qkNormTree,
  ropeTree,
  type Branch,
  type Tree,
} from './tree.ts';

type SpecOf<K extends MixerSpec['kind']> = Extract<MixerSpec, { readonly kind: K }>;

export function mixerTree(spec: MixerSpec): Tree {
  // The row of the spec's own kind.
  const rule = rules[spec.kind] as (spec: MixerSpec) => Tree;
  return rule(spec);
}

const rules: { readonly [K in MixerSpec['kind']]: (spec: SpecOf<K>) => Tree } = {
  gqa: ({ q, k, v, o, ...spec }) =>
    branch('gqa', {
      heads: spec.heads,
      kv_heads: spec.kvHeads,
      head_dim: spec.headDim,
      v_dim: spec.vDim,
      scale: spec.scale,
      mask: maskText(spec.mask),
      bias: biasText({ q, k, v, o }),
      qk_norm: spec.qkNorm === null ? 'none' : qkNormTree(spec.qkNorm),
      softcap: spec.softcap,
      rope: spec.rope === null ? 'none' : ropeTree(spec.rope),
      pos: alibiTree(spec.alibi),
      kv_from: spec.kvFrom,
      kv_share: spec.kvShare,
      sink: spec.sink === null ? 'none' : branch('learned', { per: spec.sink.per }),
      gate: gateTree(spec.gate),
      diff: diffTree(spec.diff),
      out_norm: spec.outNorm === null ? 'none' : normTree(spec.outNorm),
      clip_qkv: spec.clipQkv,
    }),
  mla: (spec) =>
    branch('mla', {
      heads: spec.heads,
      q_rank: spec.qRank,
      kv_rank: spec.kvRank,
      nope_dim: spec.nopeDim,
      rope_dim: spec.ropeDim,
      v_dim: spec.vDim,
      scale: spec.scale,
      mask: maskText(spec.mask),
      latent_norm: spec.latentNorm === null ? 'none' : normTree(spec.latentNorm),
      softcap: spec.softcap,
      bias: biasText(spec.projections),
      rope: spec.rope === null ? 'none' : ropeTree(spec.rope),
      cache: spec.cache,
    }),
  mamba: (spec) =>
    branch('mamba', {
      expand: `${spec.inner} / d_model`,
      state: spec.state,
      conv: spec.conv,
      conv_bias: spec.convBias,
      dt_rank: spec.dtRank,
      dt: stepTree(spec.dt),
      a_init: startText(spec.aInit),
      d_skip: startText(spec.dInit),
      inner_norm: spec.innerNorm === null ? 'none' : normTree(spec.innerNorm),
      bias: biasText(ends(spec.projections)),
    }),
  mamba2: (spec) =>
    branch('mamba2', {
      expand: `${spec.heads * spec.headDim} / d_model`,
      heads: spec.heads,
      head_dim: spec.headDim,
      state: spec.state,
      groups: spec.groups,
      conv: spec.conv,
      conv_bias: spec.convBias,
      chunk: spec.chunk,
      dt: stepTree(spec.dt),
      a_init: startText(spec.aInit),
      d_skip: startText(spec.dInit),
      out: outputTree(spec.out),
      bias: biasText(spec.projections),
    }),
  gated_delta: (spec) =>
    branch('gated_delta', {
      k_heads: spec.kHeads,
      v_heads: spec.vHeads,
      k_dim: spec.kDim,
      v_dim: spec.vDim,
      conv: spec.conv,
      chunk: spec.chunk,
      qk: spec.qkNormEps === null ? 'none' : branch('l2norm', { eps: spec.qkNormEps }),
      q_scale: spec.qScale,
      decay: spec.decay,
      beta: spec.beta,
      dt: stepTree(spec.dt),
      a_init: startText(spec.aInit),
      out: outputTree(spec.out),
      bias: biasText(spec.projections),
    }),
  linear: (spec) =>
    branch('linear', {
      heads: spec.heads,
      head_dim: spec.headDim,
      feature: spec.feature,
      decay: spec.decay.kind === 'none' ? 'none' : branch('slope', { base: spec.decay.base, depth_scaled: spec.decay.depthScaled }), // prettier-ignore
      out_norm: spec.outNorm === null ? 'none' : normTree(spec.outNorm),
      gate: gateTree(spec.gate),
      bias: biasText(spec.projections),
    }),
  rwkv7: ({ projections: { r, k, v, o }, ...spec }) =>
    branch('rwkv7', {
      head_dim: spec.headDim,
      decay_rank: spec.decayRank,
      a_rank: spec.aRank,
      v_rank: spec.vRank,
      g_rank: spec.gRank,
      out_eps: spec.outEps,
      bias: biasText({ r, k, v, o }),
    }),
  conv: (spec) =>
    branch('conv', {
      width: spec.width,
      conv: spec.conv,
      conv_bias: spec.convBias,
      bias: biasText(spec.projections),
    }),
  rg_lru: ({ projections: { x, y, out }, ...spec }) =>
    branch('rg_lru', {
      width: spec.width,
      heads: spec.heads,
      conv: spec.conv,
      a_init: startText(spec.aInit),
      bias: biasText({ x, y, out }),
    }),
  experts: (spec) =>
    branch('experts', {
      n: spec.n,
      top_k: spec.topK,
      shared: spec.shared,
      expert: mixerTree(spec.expert),
      router: routerTree(spec.router),
    }),
};

/** The projections that `bias` names. */
function ends<T>({ in: first, out }: Readonly<Record<'in' | 'out', T>>): Readonly<Record<'in' | 'out', T>> {
  return { in: first, out };
}

function diffTree(diff: DiffSpec | null): Tree {
  if (diff === null) return 'none';
  const std = diff.vectorInit.kind === 'normal' ? diff.vectorInit.std : 0;
  return branch('lambda', { init: diff.init, std, eps: diff.eps });
}

function alibiTree(alibi: AlibiSpec | null): Tree {
  if (alibi === null) return 'none';
  return branch('alibi', { max_bias: alibi.maxBias, scaled: alibi.scaled, round: alibi.round });
}

function gateTree(gate: GateSpec | null): Tree {
  return gate === null ? 'none' : branch(gate.act, { per: gate.per });
}

function stepTree({ init, floor, clamp: [low, high] }: StepSizeSpec): Branch {
  return branch('dt', { init: startText(init), floor, clamp: `${low}..${high === Infinity ? 'inf' : high}` });
}

function outputTree(out: OutputNormSpec | null): Tree {
  if (out === null) return 'none';
  return branch(out.per, { norm: normTree(out.norm), gate: out.gate, order: out.order });
}

/** As the keys of starts take it. */
function startText(init: Init): string {
  return init.kind === 'constant' ? String(init.value) : initText(init);
}
