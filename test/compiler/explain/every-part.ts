// Takes: nothing. Gives: a mixer and a feed-forward of each kind, sizes as in the papers.
// Promises: total: a new kind does not compile until one of it stands here.
import type { FfnSpec, MixerSpec, RouterSpec } from '../../../compiler/2-check/model.ts';
import { gqa, init, rms } from '../3-graph/model/model-builder.ts';

type One<S extends { readonly kind: string }> = { readonly [K in S['kind']]: Extract<S, { readonly kind: K }> };

const p = { bias: false, init };
const step = { init, floor: 1e-4, clamp: [0, Infinity] as const };
const out = (per: 'full' | 'group' | 'head', order: 'gate_then_norm' | 'norm_then_gate') => {
  return { norm: rms, per, gate: 'silu' as const, order };
};

/** Of DeepSeek-V3. */
export const router: RouterSpec = {
  dtype: 'f32',
  score: 'sigmoid',
  scoreOver: 'all',
  bias: false,
  select: { kind: 'token_choice' },
  selectBias: { rate: 1e-3, center: false, freezeAfter: 14.3e12 },
  groups: { n: 8, top: 4, score: { sumTop: 2 }, masked: -Infinity },
  combine: { normalize: { eps: 1e-20 }, scale: 2.5 },
  balance: [{ kind: 'seq_aux', coef: 1e-4 }],
  zLoss: null,
  jitter: null,
  noise: null,
  capacity: null,
  init,
};

export const everyMixer: One<MixerSpec> = {
  gqa: gqa({ heads: 64, kvHeads: 8, headDim: 64, vDim: 64, sink: { per: 'head', init }, gate: { act: 'sigmoid', per: 'element', projection: p } }), // prettier-ignore
  mla: {
    kind: 'mla', heads: 128, qRank: 1536, kvRank: 512, nopeDim: 128, ropeDim: 64, vDim: 128, scale: 0.1352,
    latentNorm: rms, mask: { kind: 'causal' }, softcap: null, cache: 'latent',
    rope: { dim: 64, theta: 10_000, pairing: 'interleaved', scaling: { kind: 'linear', factor: 40 } },
    projections: { q: p, q_down: p, q_up: p, kv_down: p, kv_up: p, o: p },
  },
  mamba: { kind: 'mamba', inner: 8192, state: 16, conv: 4, convBias: true, dtRank: 256, dt: step, aInit: init, dInit: init, innerNorm: rms, projections: { in: p, x: p, dt: p, out: p } },
  mamba2: { kind: 'mamba2', heads: 64, headDim: 64, state: 128, groups: 1, conv: 4, convBias: true, chunk: 256, dt: step, aInit: init, dInit: init, out: out('group', 'gate_then_norm'), projections: { in: p, out: p } },
  gated_delta: { kind: 'gated_delta', kHeads: 16, vHeads: 32, kDim: 128, vDim: 128, conv: 4, chunk: 64, qkNormEps: 1e-6, qScale: 128 ** -0.5, decay: '-exp(A_log) * softplus(a + dt_bias)', beta: 'sigmoid(b)', dt: step, aInit: init, out: out('head', 'norm_then_gate'), projections: { q: p, k: p, v: p, z: p, a: p, b: p, out: p } },
  linear: { kind: 'linear', heads: 16, headDim: 128, feature: 'silu', decay: { kind: 'slope', base: 2 ** -0.5, depthScaled: true }, outNorm: rms, gate: { act: 'sigmoid', per: 'element', projection: p }, projections: { q: p, k: p, v: p, o: p } },
  rwkv7: { kind: 'rwkv7', heads: 32, headDim: 64, decayRank: 96, aRank: 96, vRank: 64, gRank: 256, outEps: 64e-5, firstLayer: false, projections: { r: p, k: p, v: p, o: p, 'decay.down': p, 'decay.up': p, 'a.down': p, 'a.up': p, 'value.down': p, 'value.up': p, 'gate.down': p, 'gate.up': p } },
  conv: { kind: 'conv', width: 2048, conv: 3, convBias: false, projections: { in: p, out: p } },
  rg_lru: { kind: 'rg_lru', width: 2560, heads: 10, conv: 4, aInit: init, projections: { x: p, y: p, out: p, input_gate: p, recurrent_gate: p } },
  experts: { kind: 'experts', n: 8, topK: 2, shared: 1, expert: gqa({ heads: 8, kvHeads: 8, headDim: 64, vDim: 64 }), router },
}; // prettier-ignore

const glu = {
  kind: 'glu',
  act: 'silu',
  width: 2048,
  norm: null,
  clamp: null,
  upOffset: 0,
  gate: p,
  up: p,
  down: p,
} as const;

export const everyFfn: One<FfnSpec> = {
  mlp: {
    kind: 'mlp',
    act: 'gelu_tanh',
    width: 16_384,
    norm: null,
    up: { bias: true, init },
    down: { bias: true, init },
  },
  glu: { ...glu, width: 14_336, clamp: 7, upOffset: 1 },
  channel_mix: { kind: 'channel_mix', act: 'relu2', width: 8192, up: p, down: p },
  experts: { kind: 'experts', n: 256, topK: 8, expert: glu, shared: { count: 1, expert: glu, gate: null }, router },
};

/** Mixers that differ from those above in a knob that changes the drawing. */
export const otherMixers: readonly MixerSpec[] = [
  gqa({ heads: 16, kvHeads: 16, headDim: 64, vDim: 64, kvFrom: 0, outNorm: rms }),
  gqa({ heads: 16, kvHeads: 4, headDim: 64, vDim: 64, qkNorm: { ...rms, per: 'each_head', order: 'before_rope' }, diff: { init: 0.2, vectorInit: init, eps: 1e-5 } }), // prettier-ignore
  gqa({
    heads: 12,
    kvHeads: 1,
    headDim: 128,
    vDim: 64,
    kvShare: true,
    clipQkv: 8,
    alibi: { maxBias: 8, scaled: true, round: 'bf16' },
    rope: null,
  }),
  { ...everyMixer.mla, qRank: null, cache: 'full', rope: null, latentNorm: null, softcap: 30 },
  { ...everyMixer.mamba, innerNorm: null },
  { ...everyMixer.mamba2, out: null },
  { ...everyMixer.gated_delta, qkNormEps: null, out: { ...out('full', 'gate_then_norm'), gate: 'none' } },
  { ...everyMixer.linear, feature: 'identity', decay: { kind: 'none' }, outNorm: null, gate: null },
  { ...everyMixer.rwkv7, firstLayer: true },
  { ...everyMixer.experts, shared: 0, expert: everyMixer.mamba2 },
];

export const otherFfns: readonly FfnSpec[] = [
  { ...glu, norm: rms },
  { ...everyFfn.mlp, norm: { ...rms, kind: 'layer' } },
  { ...everyFfn.experts, n: 1024, topK: 1, shared: null, router: { ...router, score: 'softmax', scoreOver: 'chosen', selectBias: null, groups: null, select: { kind: 'expert_choice', capacity: 1 } } },
  { ...everyFfn.experts, n: 2, topK: 2, shared: { count: 2, expert: glu, gate: p }, router: { ...router, select: { kind: 'sinkhorn', iterations: 8 } } },
  { ...everyFfn.experts, n: 4, expert: { ...everyFfn.experts, n: 4, topK: 1, shared: null } },
]; // prettier-ignore
