// Takes: a mixer's name in a model, or one inside experts. Gives: its MixerSpec.
// Promises: one rule per constructor.
import { fail } from '../../evaluate/section.ts';
import type { MixerExpertsSpec, MixerSpec } from '../../model.ts';
import type { Slot } from '../../schema/key-type.ts';
import { mixerKind } from '../../schema/mixer-kinds.ts';
import { buildOf, type BuiltBy } from '../../schema/register.ts';
import { routerSpec } from '../router.ts';
import { checkHeadDim, gqaSpec, mlaSpec } from './attention.ts';
import { initAt, type Place } from './place.ts';
import {
  checkInnerHeads,
  convSpec,
  gatedDeltaSpec,
  linearSpec,
  mamba2Spec,
  mambaSpec,
  rgLruSpec,
  rwkv7Spec,
} from './recurrent.ts';

type Mixer = BuiltBy<typeof mixerKind>;
type BuiltAs<K extends Mixer['constructor']> = Extract<Mixer, { readonly constructor: K }>;
type SpecOf<K extends MixerSpec['kind']> = Extract<MixerSpec, { readonly kind: K }>;

/** @throws Stop */
export function mixerSpec(slot: Slot): MixerSpec {
  return specAt(slot, { outer: slot.section, model: slot.section, chain: [], prefix: '', name: slot.key, depth: 0 });
}

function specAt(slot: Slot, place: Place): MixerSpec {
  checkHeadDim(slot);
  checkInnerHeads(slot);
  const made = buildOf(slot, mixerKind);
  const chain = place.depth === 0 ? made.construct.chain : place.chain;
  // The row of the mixer's own constructor.
  const rule = rules[made.constructor] as (made: Mixer, place: Place) => MixerSpec;
  return rule(made, { ...place, chain });
}

const rules: { readonly [K in MixerSpec['kind']]: (made: BuiltAs<K>, place: Place) => SpecOf<K> } = {
  gqa: gqaSpec,
  mla: mlaSpec,
  mamba: mambaSpec,
  mamba2: mamba2Spec,
  gated_delta: gatedDeltaSpec,
  linear: linearSpec,
  rwkv7: rwkv7Spec,
  conv: convSpec,
  rg_lru: rgLruSpec,
  experts: expertsSpec,
};

/** Deeper nesting is a mixer that holds itself. */
const deepest = 8;

function expertsSpec({ keys, construct }: BuiltAs<'experts'>, place: Place): MixerExpertsSpec {
  const { n, top_k: topK, shared } = keys;
  if (place.depth > deepest) fail(construct.section, 'cycle', construct.span, { path: [place.name, place.name] });
  const inside = { ...place, outer: construct.section, prefix: `${place.prefix}expert.`, depth: place.depth + 1 };
  return {
    kind: 'experts',
    n,
    topK,
    shared,
    expert: specAt(keys.expert, inside),
    router: routerSpec(keys.router, { part: place.name, n, topK, init: initAt('router', place) }),
  };
}
