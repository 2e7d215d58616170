// Takes: gqa and mla as written. Gives: their specs.
// Promises: E2, E3: heads and key heads fit d_model and each other.
import { fail, type Section } from '../../evaluate/section.ts';
import type { GateSpec, GqaSpec, MlaSpec } from '../../model.ts';
import type { Slot } from '../../schema/key-type.ts';
import type { mixerKind } from '../../schema/mixer-kinds.ts';
import type { gateKind } from '../../schema/mixers/attention-kinds.ts';
import type { BuiltBy } from '../../schema/register.ts';
import { normSpec, qkNormSpec } from '../norm.ts';
import { divisors, initAt, numberAt, projections, spanOf, type Place } from './place.ts';
import { ropeSpec } from './rope.ts';

type BuiltAs<K extends string> = Extract<BuiltBy<typeof mixerKind>, { readonly constructor: K }>;

/** @throws Stop */
export function gqaSpec({ keys, construct }: BuiltAs<'gqa'>, place: Place): GqaSpec {
  const { heads, kv_heads: kvHeads, head_dim: headDim, v_dim: vDim, pos, sink, diff, kv_from: kvFrom } = keys;
  const { section } = construct;
  const mixer = place.name;
  if (heads % kvHeads !== 0) {
    const fix = `kv_heads in {${divisors(heads).join(', ')}}`;
    fail(section, 'kv-heads', spanOf(section, 'kv_heads'), { mixer, heads, kvHeads }, { fix });
  }
  if (diff !== null && kvHeads % 2 !== 0) {
    const message = `diff takes key heads in pairs, but there ${kvHeads === 1 ? 'is 1' : `are ${kvHeads}`}`;
    const fix = `kv_heads in {${divisors(heads)
      .filter((each) => each % 2 === 0)
      .join(', ')}}, or diff = none`;
    fail(section, 'inner-width', spanOf(section, 'kv_heads'), { mixer, message }, { fix });
  }
  if (keys.kv_share && vDim !== headDim) {
    const message = `kv_share gives keys and values by one projection, but v_dim ${vDim} differs from head_dim ${headDim}`;
    const fix = `v_dim = ${headDim}, or kv_share = false`;
    fail(section, 'inner-width', spanOf(section, 'v_dim'), { mixer, message }, { fix });
  }
  return {
    kind: 'gqa',
    heads,
    kvHeads,
    headDim,
    vDim,
    scale: keys.scale,
    mask: keys.mask,
    qkNorm: keys.qk_norm === null ? null : qkNormSpec(keys.qk_norm),
    softcap: keys.softcap,
    rope: keys.rope === null ? null : ropeSpec(keys.rope, mixer, headDim),
    alibi: pos === null ? null : { maxBias: pos.keys.max_bias, scaled: pos.keys.scaled, round: pos.keys.round },
    kvFrom: kvFrom === null || kvFrom === layerOf(section) ? null : kvFrom,
    kvShare: keys.kv_share,
    sink: sink === null ? null : { per: sink.keys.per, init: initAt('sink', place) },
    gate: keys.gate === null ? null : gateSpec(keys.gate, place),
    diff:
      diff === null
        ? null
        : { init: diff.keys.init, vectorInit: { kind: 'normal', std: diff.keys.std }, eps: diff.keys.eps },
    outNorm: keys.out_norm === null ? null : normSpec(keys.out_norm),
    clipQkv: keys.clip_qkv,
    ...projections(['q', 'k', 'v', 'o'], keys.bias, place),
  };
}

/** A layer that names itself has keys of its own; so the same number means another thing in each layer. */
function layerOf({ world: { state } }: Section): number | null {
  state.usesLayer = true;
  return state.layer;
}

export function gateSpec({ constructor, keys }: BuiltBy<typeof gateKind>, place: Place): GateSpec {
  return { act: constructor, per: keys.per, projection: { bias: false, init: initAt('gate', place) } };
}

/** E2 of gqa and linear, before head_dim is read as a whole number: the derived one has the better message. */
export function checkHeadDim(slot: Slot): void {
  const { section } = slot;
  const inner = section.world.open(slot);
  const derived = inner.body.keys.get('head_dim');
  const written = inner.body.keys.get('heads');
  const { files } = section.world.prelude;
  const derives = inner.owner === 'mixer gqa' || inner.owner === 'mixer linear';
  if (!derives || derived === undefined || written === undefined) return;
  if (!files.has(derived.span.file) || files.has(written.span.file)) return;
  const dModel = numberAt(section, 'd_model');
  const heads = numberAt(inner, 'heads');
  if (dModel === null || heads === null || !Number.isInteger(heads) || heads < 1 || dModel % heads === 0) return;
  const all = divisors(dModel);
  const near = [...all.filter((each) => each < heads).slice(-1), ...all.filter((each) => each > heads).slice(0, 2)];
  const fix = `set head_dim${near.length === 0 ? '' : `, or heads in {${near.join(', ')}}`}`;
  fail(inner, 'head-dim', written.value?.span ?? written.span, { mixer: slot.key, dModel, heads }, { fix });
}

/** @throws Stop */
export function mlaSpec({ keys }: BuiltAs<'mla'>, place: Place): MlaSpec {
  const { rope, latent_norm: latentNorm } = keys;
  return {
    kind: 'mla',
    heads: keys.heads,
    qRank: keys.q_rank,
    kvRank: keys.kv_rank,
    nopeDim: keys.nope_dim,
    ropeDim: keys.rope_dim,
    vDim: keys.v_dim,
    scale: keys.scale,
    latentNorm: latentNorm === null ? null : normSpec(latentNorm),
    mask: keys.mask,
    softcap: keys.softcap,
    rope: rope === null ? null : ropeSpec(rope, place.name, keys.rope_dim, 'rope_dim'),
    cache: keys.cache,
    projections: projections(['q', 'q_down', 'q_up', 'kv_down', 'kv_up', 'o'], keys.bias, place),
  };
}
