// Takes: a mixer. Gives: its parameters, relative to it.
// Promises: one rule per kind; shapes as in the papers the kinds name (model/mixers.ts).
import type { GqaSpec, MixerSpec, QkNormSpec } from '../model.ts';
import type { OutputNormSpec } from '../model.ts';
import { constant, convolution, dim, linear, norm, stacked, tensor, vector, within, type Parameter, type ParameterDim } from './parameter.ts'; // prettier-ignore
import { routerParameters } from './ffns.ts';

type SpecOf<K extends MixerSpec['kind']> = Extract<MixerSpec, { readonly kind: K }>;

/** All queries, keys or values of one token: `q_dim` = heads * head_dim, `kv_dim` = kv_heads * head_dim. */
export function projectionDims(spec: GqaSpec): Readonly<Record<'q' | 'k' | 'v' | 'o', ParameterDim>> {
  const { heads, kvHeads, headDim, vDim } = spec;
  const wide = vDim !== headDim;
  return {
    q: dim('q_dim', heads * headDim),
    k: dim('kv_dim', kvHeads * headDim),
    v: wide ? dim('v_dim', kvHeads * vDim) : dim('kv_dim', kvHeads * headDim),
    o: wide ? dim('o_dim', heads * vDim) : dim('q_dim', heads * headDim),
  };
}

export function mixerParameters(spec: MixerSpec, dModel: ParameterDim): Parameter[] {
  // The row of the spec's own kind.
  const rule = rules[spec.kind] as (spec: MixerSpec, dModel: ParameterDim) => Parameter[];
  return rule(spec, dModel);
}

const rules: { readonly [K in MixerSpec['kind']]: (spec: SpecOf<K>, dModel: ParameterDim) => Parameter[] } = {
  gqa(spec, dModel) {
    const { q, k, v, o } = projectionDims(spec);
    const own = spec.kvFrom === null;
    const gateWidth = spec.gate?.per === 'head' ? dim('head', spec.heads) : o;
    return [
      ...linear('q', spec.q, q, dModel),
      ...(own ? linear('k', spec.k, k, dModel) : []),
      ...(own && !spec.kvShare ? linear('v', spec.v, v, dModel) : []),
      ...linear('o', spec.o, dModel, o),
      ...qkNorms(spec, spec.qkNorm, own),
      ...lambdas(spec),
      ...norm('out_norm', spec.outNorm, o),
      ...(spec.sink === null ? [] : [vector('sink', [dim('head', spec.heads)], spec.sink.init)]),
      ...(spec.gate === null ? [] : linear('gate', spec.gate.projection, gateWidth, dModel)),
    ];
  },
  mla({ heads, qRank, kvRank, nopeDim, ropeDim, vDim, latentNorm, projections: p }, dModel) {
    const q = dim('q_dim', heads * (nopeDim + ropeDim));
    const [qLatent, kvLatent] = [dim('q_rank', qRank ?? 0), dim('kv_rank', kvRank)];
    const queries =
      qRank === null
        ? linear('q', p.q, q, dModel)
        : [
            ...linear('q_down', p.q_down, qLatent, dModel),
            ...norm('q_norm', latentNorm, qLatent),
            ...linear('q_up', p.q_up, q, qLatent),
          ];
    return [
      ...queries,
      ...linear('kv_down', p.kv_down, dim('kv_latent', kvRank + ropeDim), dModel),
      ...norm('kv_norm', latentNorm, kvLatent),
      ...linear('kv_up', p.kv_up, dim('kv_dim', heads * (nopeDim + vDim)), kvLatent),
      ...linear('o', p.o, dModel, dim('v_dim', heads * vDim)),
    ];
  },
  mamba({ inner, state, conv, convBias, dtRank, dt, aInit, dInit, innerNorm, projections: p }, dModel) {
    const [channels, states, rank] = [dim('inner', inner), dim('state', state), dim('dt_rank', dtRank)];
    return [
      ...linear('in', p.in, dim('in_dim', 2 * inner), dModel),
      ...convolution('conv', channels, conv, convBias, p.in.init),
      ...linear('x', p.x, dim('x_dim', dtRank + 2 * state), channels),
      ...norm('dt_norm', innerNorm, rank),
      ...norm('b_norm', innerNorm, states),
      ...norm('c_norm', innerNorm, states),
      ...linear('dt', { ...p.dt, bias: false }, channels, rank),
      vector('dt.bias', [channels], dt.init),
      vector('A_log', [channels, states], aInit),
      vector('D', [channels], dInit),
      ...linear('out', p.out, dModel, channels),
    ];
  },
  mamba2({ heads, headDim, state, groups, conv, convBias, dt, aInit, dInit, out, projections: p }, dModel) {
    const [inner, head] = [heads * headDim, dim('head', heads)];
    const mixed = inner + 2 * groups * state;
    return [
      ...linear('in', p.in, dim('in_dim', inner + mixed + heads), dModel),
      ...convolution('conv', dim('conv_dim', mixed), conv, convBias, p.in.init),
      vector('A_log', [head], aInit),
      vector('D', [head], dInit),
      vector('dt_bias', [head], dt.init),
      ...outputNorm(out, inner, headDim),
      ...linear('out', p.out, dModel, dim('inner', inner)),
    ];
  },
  gated_delta({ kHeads, vHeads, kDim, vDim, conv, dt, aInit, out, projections: p }, dModel) {
    const [keys, values, head] = [kHeads * kDim, vHeads * vDim, dim('v_head', vHeads)];
    const [k, v] = [dim('k_dim', keys), dim('v_dim', values)];
    return [
      ...linear('q', p.q, k, dModel),
      ...linear('k', p.k, k, dModel),
      ...linear('v', p.v, v, dModel),
      ...(out?.gate === 'none' ? [] : linear('z', p.z, v, dModel)),
      ...linear('a', p.a, head, dModel),
      ...linear('b', p.b, head, dModel),
      ...convolution('conv', dim('conv_dim', 2 * keys + values), conv, false, p.q.init),
      vector('A_log', [head], aInit),
      vector('dt_bias', [head], dt.init),
      ...outputNorm(out, values, vDim),
      ...linear('out', p.out, dModel, v),
    ];
  },
  linear({ heads, headDim, outNorm, gate, projections: p }, dModel) {
    const inner = dim('inner', heads * headDim);
    return [
      ...(['q', 'k', 'v'] as const).flatMap((name) => linear(name, p[name], inner, dModel)),
      ...norm('norm', outNorm, inner),
      ...(gate === null
        ? []
        : linear('gate', gate.projection, gate.per === 'head' ? dim('head', heads) : inner, dModel)),
      ...linear('o', p.o, dModel, inner),
    ];
  },
  rwkv7(spec, dModel) {
    const { heads, headDim, decayRank, aRank, vRank, gRank, firstLayer, projections: p } = spec;
    const lowRank = (name: 'decay' | 'a' | 'value' | 'gate', rank: number, bias: boolean): Parameter[] => [
      ...linear(`${name}.down`, p[`${name}.down`], dim('rank', rank), dModel),
      ...linear(`${name}.up`, { ...p[`${name}.up`], bias }, dModel, dim('rank', rank)),
    ];
    const shifts = ['r', 'w', 'k', 'v', 'a', 'g'].map((name) => vector(`shift_${name}`, [dModel], constant(0)));
    return [
      ...shifts,
      ...(['r', 'k', 'v'] as const).flatMap((name) => linear(name, p[name], dModel, dModel)),
      ...lowRank('decay', decayRank, true),
      ...lowRank('a', aRank, true),
      ...(firstLayer ? [] : lowRank('value', vRank, true)),
      ...lowRank('gate', gRank, false),
      ...['k_k', 'k_a'].map((name) => vector(name, [dModel], constant(1))),
      vector('r_k', [dim('head', heads), dim('head_dim', headDim)], constant(0)),
      ...['gain', 'bias'].map((name) => vector(`norm.${name}`, [dModel], constant(name === 'gain' ? 1 : 0))),
      ...linear('o', p.o, dModel, dModel),
    ];
  },
  conv({ width, conv, convBias, projections: p }, dModel) {
    return [
      ...linear('in', p.in, dim('in_dim', 3 * width), dModel),
      ...convolution('conv', dim('width', width), conv, convBias, p.in.init),
      ...linear('out', p.out, dModel, dim('width', width)),
    ];
  },
  rg_lru({ width, heads, conv, aInit, projections: p }, dModel) {
    const [inner, head] = [dim('width', width), dim('head', heads)];
    const [from, to] = [dim('gate_in', width / heads), dim('gate_out', width / heads)];
    const gate = (name: 'input_gate' | 'recurrent_gate'): Parameter[] => [
      tensor(`${name}.weight`, [head, from, to], p[name].init, 'matrix', from.size),
      vector(`${name}.bias`, [head, to], constant(0)),
    ];
    return [
      ...linear('x', p.x, inner, dModel),
      ...linear('y', p.y, inner, dModel),
      ...convolution('conv', inner, conv, true, p.x.init),
      ...gate('input_gate'),
      ...gate('recurrent_gate'),
      vector('A_log', [inner], aInit),
      ...linear('out', p.out, dModel, inner),
    ];
  },
  experts({ n, topK, shared, expert, router }, dModel) {
    const one = mixerParameters(expert, dModel);
    return [
      ...routerParameters(router, n, dModel),
      // Behind those that are chosen among stand those that every token passes.
      ...within('expert', stacked(one, n + shared, topK + shared)),
    ];
  },
};

function qkNorms(spec: GqaSpec, qkNorm: QkNormSpec | null, ownKeys: boolean): Parameter[] {
  const { q, k } = projectionDims(spec);
  const head = dim('head_dim', spec.headDim);
  const of = (name: string, full: ParameterDim, heads: ParameterDim): Parameter[] => {
    if (qkNorm?.per !== 'each_head') return norm(name, qkNorm, qkNorm?.per === 'head' ? head : full);
    return norm(name, qkNorm, head).map((each) => ({ ...each, dims: [heads, ...each.dims] }));
  };
  const queries = of('q_norm', q, dim('heads', spec.heads));
  return ownKeys ? [...queries, ...of('k_norm', k, dim('kv_heads', spec.kvHeads))] : queries;
}

/** The vectors that lambda is made of, two for each half of the heads. */
function lambdas({ diff, headDim }: GqaSpec): Parameter[] {
  if (diff === null) return [];
  return ['q1', 'k1', 'q2', 'k2'].map((part) => vector(`lambda_${part}`, [dim('head_dim', headDim)], diff.vectorInit));
}

function outputNorm(out: OutputNormSpec | null, inner: number, headDim: number): Parameter[] {
  const over = out?.per === 'head' ? dim('head_dim', headDim) : dim('inner', inner);
  return norm('norm', out?.norm ?? null, over);
}
