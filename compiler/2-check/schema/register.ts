// Takes: the kinds as they are declared. Gives: every kind by name, and which constructors have a key.
// Promises: holds exactly the kinds declared in this folder, from their loading on.
import { emptyBody } from '../draft/draft.ts';
import { pathOf, sectionOf, type Found, type Section } from '../evaluate/section.ts';
import { build, construct, type Built, type Kind } from './kind.ts';
import type { Keys, Slot } from './key-type.ts';

const kinds = new Map<string, Kind>();

export function kindOf<const C extends Kind['constructors']>(kind: Kind<C>): Kind<C> {
  kinds.set(kind.name, kind);
  return kind;
}

export type BuiltBy<K> = K extends Kind<infer C> ? Built<C> : never;

/** The constructor and keys of a slot, by the table of its kind. @throws Stop */
export function buildOf<C extends Kind['constructors']>(slot: Slot, kind: Kind<C>): Built<C> {
  return build(slot, kind, ownersOf);
}

/** Every kind there is, by name. */
export function allKinds(): ReadonlyMap<string, Kind> {
  return kinds;
}

/** What a model is made of comes first in messages. */
const partKinds = ['mixer', 'ffn', 'norm', 'embed', 'head', 'rope'];

/** `kind`: only of this one. */
export function ownersOf(key: string, kind?: string): string[] {
  const owners = new Set<string>();
  const order = kind === undefined ? new Set([...partKinds, ...kinds.keys()]) : [kind];
  for (const { constructors } of [...order].flatMap((each) => kinds.get(each) ?? [])) {
    for (const [name, { keys }] of Object.entries(constructors)) if (Object.hasOwn(keys, key)) owners.add(name);
  }
  return [...owners];
}

/** Every key and constructor there is. */
export function isKnownWord(word: string): boolean {
  return ownersOf(word).length > 0 || [...kinds.values()].some(({ name, constructors }) => name === word || Object.hasOwn(constructors, word)); // prettier-ignore
}

/** The inside of the construct a draft holds. @throws Stop */
export function openConstruct({ draft, section, key }: Found): Section {
  const table: Keys | undefined = tableOf(section.owner);
  const kind = kinds.get(draft.role ?? table?.[key]?.kind ?? '') ?? kinds.get(key);
  if (kind === undefined) return section;
  return isNone(draft, kind)
    ? emptyConstruct({ draft, section, key }, kind)
    : construct({ draft, section, key }, kind).section;
}

function isNone({ value, body }: Found['draft'], { constructors }: Kind): boolean {
  return value?.kind === 'name' && value.name === 'none' && body === null && !Object.hasOwn(constructors, 'none');
}

/** `rope = none` has no keys, but its facts can be asked for: `rope.mscale` is 1. */
function emptyConstruct({ draft, section, key }: Found, kind: Kind): Section {
  const [only = ''] = Object.keys(kind.constructors);
  const owner = `${kind.name} ${only}`;
  return sectionOf({ path: pathOf(section, key), owner, parent: section, body: emptyBody, span: draft.span }, section.world); // prettier-ignore
}

/** A derived fact of a section: `mscale` of `rope rope`. Null: it has none of that name. @throws Stop */
export function factOf(section: Section, name: string): number | null {
  const [kind = '', constructor = ''] = section.owner.split(' ');
  const fact = kinds.get(kind)?.constructors[constructor]?.facts?.[name];
  return fact === undefined ? null : fact.value(section);
}

/** The keys of `mixer gqa`. */
export function tableOf(owner: string): Keys | undefined {
  const [kind = '', name = ''] = owner.split(' ');
  return kinds.get(kind)?.constructors[name]?.keys;
}
