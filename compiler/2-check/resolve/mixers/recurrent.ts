// Takes: recurrent mixers as written. Gives: their specs.
// Promises: E7: the inner width is what its heads make, groups divide heads; each fault says the numbers and what fits.
import { fail, type Section } from '../../evaluate/section.ts';
import type { ConvSpec, GatedDeltaSpec, Init, LinearSpec, Mamba2Spec, MambaSpec, OutputNormSpec, RgLruSpec, Rwkv7Spec, StepSizeSpec } from '../../model.ts'; // prettier-ignore
import type { Slot } from '../../schema/key-type.ts';
import type { mixerKind } from '../../schema/mixer-kinds.ts';
import type { outputNormKind, stepSizeKind } from '../../schema/mixers/recurrent-kinds.ts';
import type { BuiltBy } from '../../schema/register.ts';
import { normSpec } from '../norm.ts';
import { gateSpec } from './attention.ts';
import { divisorsAround, modelNumber, numberAt, projections, spanOf, type Place } from './place.ts';

type BuiltAs<K extends string> = Extract<BuiltBy<typeof mixerKind>, { readonly constructor: K }>;

/** expand * d_model, a whole number. */
function innerWidth(expand: number, section: Section, { name }: Place): number {
  const dModel = modelNumber('d_model', section);
  const inner = expand * dModel;
  if (Math.abs(inner - Math.round(inner)) < 1e-6) return Math.round(inner);
  const message = `expand * d_model = ${expand} * ${dModel} = ${Number(inner.toPrecision(12))} is not a whole number`;
  return fail(section, 'inner-width', spanOf(section, 'expand'), { mixer: name, message });
}

/** E7, before heads are read as a whole number: what they derive from has the better message. */
export function checkInnerHeads(slot: Slot): void {
  const inner = slot.section.world.open(slot);
  if (inner.owner !== 'mixer mamba2') return;
  const [expand, headDim, dModel] = [numberAt(inner, 'expand'), numberAt(inner, 'head_dim'), numberAt(slot.section, 'd_model')]; // prettier-ignore
  const heads = numberAt(inner, 'heads');
  if (expand === null || headDim === null || dModel === null || heads === null) return;
  const width = expand * dModel;
  const isDerived =
    Number.isInteger(width) && !Number.isInteger(heads) && Math.abs(heads * headDim - width) < 1e-6 * width;
  if (!isDerived) return;
  const message = `expand * d_model = ${expand} * ${dModel} = ${width} is not divisible by head_dim ${headDim} (${heads.toFixed(2)})`;
  const fix = `head_dim in {${divisorsAround(width, headDim).join(', ')}}`;
  fail(inner, 'inner-width', spanOf(inner, 'head_dim'), { mixer: slot.key, message }, { fix });
}

/** `many` % `few`, with the divisors as the fix. */
function checkDivides(
  many: readonly [string, number],
  few: readonly [string, number],
  section: Section,
  place: Place,
): void {
  // prettier-ignore
  const [[manyName, n], [fewName, m]] = [many, few];
  if (n % m === 0) return;
  const message = `${manyName} ${n} is not divisible by ${fewName} ${m} (${(n / m).toFixed(2)})`;
  const fix = `${fewName} in {${divisorsAround(n, m).join(', ')}}`;
  fail(section, 'inner-width', spanOf(section, fewName), { mixer: place.name, message }, { fix });
}

function stepSize({ keys: { init, floor, clamp } }: BuiltBy<typeof stepSizeKind>): StepSizeSpec {
  const floored: Init = init.kind === 'step_size' ? { ...init, floor } : init;
  return { init: floored, floor, clamp };
}

function outputNorm(out: BuiltBy<typeof outputNormKind> | null): OutputNormSpec | null {
  if (out === null) return null;
  const { norm, gate, order } = out.keys;
  return { norm: normSpec(norm), per: out.constructor, gate, order };
}

export function mambaSpec({ keys, construct: { section } }: BuiltAs<'mamba'>, place: Place): MambaSpec {
  const { inner_norm: innerNorm } = keys;
  return {
    kind: 'mamba',
    inner: innerWidth(keys.expand, section, place),
    state: keys.state,
    conv: keys.conv,
    convBias: keys.conv_bias,
    dtRank: keys.dt_rank,
    dt: stepSize(keys.dt),
    aInit: keys.a_init,
    dInit: keys.d_skip,
    innerNorm: innerNorm === null ? null : normSpec(innerNorm),
    projections: projections(['in', 'x', 'dt', 'out'], keys.bias, place),
  };
}

export function mamba2Spec({ keys, construct: { section } }: BuiltAs<'mamba2'>, place: Place): Mamba2Spec {
  const { heads, head_dim: headDim, groups, expand } = keys;
  const inner = innerWidth(expand, section, place);
  if (heads * headDim !== inner) {
    const dModel = modelNumber('d_model', section);
    const message = `expand * d_model = ${expand} * ${dModel} = ${inner} differs from heads * head_dim = ${heads} * ${headDim} = ${heads * headDim}`;
    const fix = inner % headDim === 0 ? `heads = ${inner / headDim}` : `head_dim in {${divisorsAround(inner, headDim).join(', ')}}`; // prettier-ignore
    fail(section, 'inner-width', spanOf(section, 'heads'), { mixer: place.name, message }, { fix });
  }
  checkDivides(['heads', heads], ['groups', groups], section, place);
  return {
    kind: 'mamba2',
    heads,
    headDim,
    state: keys.state,
    groups,
    conv: keys.conv,
    convBias: keys.conv_bias,
    chunk: keys.chunk,
    dt: stepSize(keys.dt),
    aInit: keys.a_init,
    dInit: keys.d_skip,
    out: outputNorm(keys.out),
    projections: projections(['in', 'out'], keys.bias, place),
  };
}

export function gatedDeltaSpec({ keys, construct: { section } }: BuiltAs<'gated_delta'>, place: Place): GatedDeltaSpec {
  checkDivides(['v_heads', keys.v_heads], ['k_heads', keys.k_heads], section, place);
  return {
    kind: 'gated_delta',
    kHeads: keys.k_heads,
    vHeads: keys.v_heads,
    kDim: keys.k_dim,
    vDim: keys.v_dim,
    conv: keys.conv,
    chunk: keys.chunk,
    qkNormEps: keys.qk === null ? null : keys.qk.keys.eps,
    qScale: keys.q_scale,
    decay: keys.decay,
    beta: keys.beta,
    dt: stepSize(keys.dt),
    aInit: keys.a_init,
    out: outputNorm(keys.out),
    projections: projections(['q', 'k', 'v', 'z', 'a', 'b', 'out'], keys.bias, place),
  };
}

export function linearSpec({ keys }: BuiltAs<'linear'>, place: Place): LinearSpec {
  const { decay, out_norm: outNorm, gate } = keys;
  return {
    kind: 'linear',
    heads: keys.heads,
    headDim: keys.head_dim,
    feature: keys.feature,
    decay:
      decay === null
        ? { kind: 'none' }
        : { kind: 'slope', base: decay.keys.base, depthScaled: decay.keys.depth_scaled },
    outNorm: outNorm === null ? null : normSpec(outNorm),
    gate: gate === null ? null : gateSpec(gate, place),
    projections: projections(['q', 'k', 'v', 'o'], keys.bias, place),
  };
}

const rwkv7Maps = ['r', 'k', 'v', 'o'] as const;
const lowRankMaps = ['decay.down', 'decay.up', 'a.down', 'a.up', 'value.down', 'value.up', 'gate.down', 'gate.up'] as const; // prettier-ignore

export function rwkv7Spec({ keys, construct: { section } }: BuiltAs<'rwkv7'>, place: Place): Rwkv7Spec {
  const dModel = modelNumber('d_model', section);
  checkDivides(['d_model', dModel], ['head_dim', keys.head_dim], section, place);
  const { state } = section.world;
  state.usesLayer = true;
  return {
    kind: 'rwkv7',
    heads: dModel / keys.head_dim,
    headDim: keys.head_dim,
    decayRank: keys.decay_rank,
    aRank: keys.a_rank,
    vRank: keys.v_rank,
    gRank: keys.g_rank,
    outEps: keys.out_eps,
    firstLayer: state.layer === 0,
    projections: projections([...rwkv7Maps, ...lowRankMaps], keys.bias, place),
  };
}

export function convSpec({ keys }: BuiltAs<'conv'>, place: Place): ConvSpec {
  return {
    kind: 'conv',
    width: keys.width,
    conv: keys.conv,
    convBias: keys.conv_bias,
    projections: projections(['in', 'out'], keys.bias, place),
  };
}

export function rgLruSpec({ keys, construct: { section } }: BuiltAs<'rg_lru'>, place: Place): RgLruSpec {
  checkDivides(['width', keys.width], ['heads', keys.heads], section, place);
  return {
    kind: 'rg_lru',
    width: keys.width,
    heads: keys.heads,
    conv: keys.conv,
    aInit: keys.a_init,
    projections: projections(['x', 'y', 'out', 'input_gate', 'recurrent_gate'], keys.bias, place),
  };
}
