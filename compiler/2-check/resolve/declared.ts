// Takes: the section of a model or of a tower. Gives: whether the parts it declares are sound, and which nothing names.
// Promises: parts are checked even when no block uses them; each is named somewhere (E1).
import type { Draft } from '../draft/draft.ts';
import { exprNames } from '../draft/names.ts';
import { attempt, tell, type Section } from '../evaluate/section.ts';
import { ffnParameters } from '../parameters/ffns.ts';
import { mixerParameters } from '../parameters/mixers.ts';
import { dim, type Parameter } from '../parameters/parameter.ts';
import type { Slot } from '../schema/key-type.ts';
import { part } from './block.ts';
import { checkInitTargets, type InitPlace } from './init.ts';
import { atLayer } from './layers.ts';

const partRoles: ReadonlySet<string> = new Set(['norm', 'mixer', 'ffn']);
/** Keys that are no plain keys of a block: read by the resolver of their role. */
type IsSection = (draft: Draft, key: string) => boolean;

/** Parts have a role and a name; `norm = rms` and `mixer.heads = 8` are neither. */
function among(roles: readonly string[], sections: readonly string[]): IsSection {
  return ({ role }, key) => (role === null ? sections.includes(key) : [...roles, ...sections].includes(role));
}

const named = [...partRoles, 'block'];
export const isModelSection = among(named, ['stack', 'embed', 'head', 'init', 'mtp', 'weights']);
export const isTowerSection = among(named, ['stack', 'init']);
export const isTower = among(['tower'], []);

/** `places`: targets of `init` outside the layers. */
export function checkDeclared(section: Section, nLayers: number, places: readonly InitPlace[]): boolean {
  const parts = new Map<string, { role: string; maps: readonly string[] | null }>();
  let sound = true;
  for (const [key, draft] of section.body.keys) {
    const { role } = draft;
    if (role === null || !partRoles.has(role)) continue;
    const made = perLayer({ draft, section, key }, nLayers);
    if (made === null) sound = false;
    if (role !== 'norm') parts.set(key, { role, maps: made === null ? null : made.flatMap(mapsOf) });
  }
  checkInitTargets(section, { places, parts });
  return sound;
}

type Part = ReturnType<typeof part>;

/** What a part is in each layer, each spec once; null: it has a fault. */
function perLayer(slot: Slot, nLayers: number): readonly Part[] | null {
  const { section } = slot;
  const made = new Map<Part['spec'], Part>();
  for (let layer = 0; layer < nLayers; layer += 1) {
    const one = atLayer(section, layer, () => attempt(() => part(slot)));
    if (one === null) return null;
    // The same in every layer: it is remembered.
    if (made.has(one.spec)) break;
    made.set(one.spec, one);
  }
  return [...made.values()];
}

/** The linear maps of a part, by path: `q`, `expert.up`. */
function mapsOf(made: Part): string[] {
  if (made.kind === 'norm') return [];
  // Names do not depend on the width.
  const width = dim('d_model', 1);
  const all: Parameter[] = made.kind === 'mixer' ? mixerParameters(made.spec, width) : ffnParameters(made.spec, width);
  return all.flatMap((each) => (each.class === 'matrix' ? [each.name.replace(/\.weight$/, '')] : []));
}

/** E1: every part and block is named somewhere, if only as what another one derives from. Asked of what is sound otherwise. */
export function checkUsed(section: Section): void {
  const { usedNames, prelude, isInherited } = section.world;
  const byDefault = namesOfDefaults(section);
  for (const [key, { role, span }] of section.body.keys) {
    if (role === null || !named.includes(role) || prelude.files.has(span.file)) continue;
    // A variant may leave a part of its base alone.
    if (isInherited?.(span) === true) continue;
    // Templates are named deep inside of defaults: `latent_norm = rms`.
    const asked = role === 'norm' ? prelude.names.has(key) : byDefault.has(key);
    if (!asked && !usedNames.has(key)) tell(section, 'unused-name', span, { name: key });
  }
}

/** What the defaults that are in force name: `block = pre_norm(attn, mlp)`, `cycle [main]`. */
function namesOfDefaults({ body, world }: Section): ReadonlySet<string> {
  const defaults = [...body.keys.values()].filter(({ span }) => world.prelude.files.has(span.file));
  const values = defaults.flatMap(({ value }) => value ?? []);
  const clauses = defaults.flatMap((draft) => draft.body?.clauses ?? []).flatMap(({ args }) => args);
  return new Set([...values, ...clauses].flatMap((expr) => [...exprNames(expr)]));
}
