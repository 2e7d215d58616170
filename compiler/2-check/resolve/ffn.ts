// Takes: an ffn's name in a model, or one inside another. Gives: its FfnSpec.
// Promises: one rule per constructor; every linear map starts as the target of its parameter's name says.
import { fail, type Section } from '../evaluate/section.ts';
import type { FfnSpec, InitSpec, ProjectionSpec } from '../model.ts';
import { ffnKind } from '../schema/parts/ffn-kinds.ts';
import type { Slot } from '../schema/key-type.ts';
import { buildOf, type BuiltBy } from '../schema/register.ts';
import { initOf } from './init.ts';
import { normSpec } from './norm.ts';
import { routerSpec } from './router.ts';

/** Where a part stands in a model: `moe.expert` is in the ffn of chain [moe], under `expert.`. */
interface Place {
  readonly model: Section;
  /** Names of the outermost part, for targets of `init`. */
  readonly chain: readonly string[];
  readonly prefix: string;
  /** For messages. */
  readonly path: string;
  /** Names of the parts it stands in, outermost first. */
  readonly outer: readonly string[];
}

type Ffn = BuiltBy<typeof ffnKind>;
type BuiltAs<K extends Ffn['constructor']> = Extract<Ffn, { readonly constructor: K }>;
type SpecOf<K extends FfnSpec['kind']> = Extract<FfnSpec, { readonly kind: K }>;

/** @throws Stop */
export function ffnSpec(slot: Slot): FfnSpec {
  const made = buildOf(slot, ffnKind);
  return specOf(made, {
    model: slot.section,
    chain: made.construct.chain,
    prefix: '',
    path: slot.key,
    outer: [slot.key],
  });
}

function specOf(made: Ffn, place: Place): FfnSpec {
  // The row of the part's own constructor.
  const rule = rules[made.constructor] as (made: Ffn, place: Place) => FfnSpec;
  return rule(made, place);
}

const rules: { readonly [K in FfnSpec['kind']]: (made: BuiltAs<K>, place: Place) => SpecOf<K> } = {
  mlp({ keys: { act, width, bias, norm } }, place) {
    return {
      kind: 'mlp',
      act,
      width,
      norm: norm === null ? null : normSpec(norm),
      up: projection('up', bias.up, place),
      down: projection('down', bias.down, place),
    };
  },
  glu({ keys: { act, width, clamp, up_offset: upOffset, bias, norm } }, place) {
    return {
      kind: 'glu',
      act,
      width,
      clamp,
      upOffset,
      norm: norm === null ? null : normSpec(norm),
      gate: projection('gate', bias.gate, place),
      up: projection('up', bias.up, place),
      down: projection('down', bias.down, place),
    };
  },
  channel_mix({ keys: { act, width, bias } }, place) {
    const [up, down] = [projection('up', bias.up, place), projection('down', bias.down, place)];
    return { kind: 'channel_mix', act, width, up, down };
  },
  experts({ keys }, place) {
    const { n, top_k: topK, shared: count } = keys;
    const init = initAt('router', place);
    const gate = keys.shared_gate === null ? null : projection('shared_gate', false, place);
    const shared = count === 0 ? null : inner(keys.shared_expert, 'shared', place);
    return {
      kind: 'experts',
      n,
      topK,
      expert: inner(keys.expert, 'expert', place),
      shared: shared && { count, expert: shared, gate },
      router: routerSpec(keys.router, { part: place.path, n, topK, init }),
    };
  },
};

/** Deeper nesting is a part that holds itself. */
const deepest = 8;

/** The part in a key of another: `expert = glu { ... }`. */
function inner(slot: Slot, as: string, { model, chain, prefix, path, outer }: Place): FfnSpec {
  const made = buildOf(slot, ffnKind);
  const name = made.construct.chain[0] ?? slot.key;
  const isNamed = made.construct.chain.length > 0;
  if ((isNamed && outer.includes(name)) || outer.length > deepest) {
    fail(slot.section, 'cycle', slot.draft.span, { path: [...outer, name] });
  }
  const place = { model, chain, prefix: `${prefix}${as}.`, path: `${path}.${slot.key}`, outer: [...outer, name] };
  return specOf(made, place);
}

function projection(part: string, bias: boolean, place: Place): ProjectionSpec {
  return { bias, init: initAt(part, place) };
}

function initAt(part: string, { model, chain, prefix }: Place): InitSpec {
  return initOf(model, { role: 'ffn', chain, part: `${prefix}${part}` });
}
