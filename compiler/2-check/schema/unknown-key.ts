// Takes: a key that its owner does not have. Gives: the fault, with the place or the name that was likely meant.
// Promises: E1; one fault per key: what misses the key that was meant says nothing more. Looked for, in this order: the name
//   of another library, the nearest name, a form that is written otherwise, a key further in, a part of the model.
import type { Draft } from '../draft/draft.ts';
import { nearest } from '../draft/names.ts';
import { formHere, keyHere, nameHere } from '../draft/other-names.ts';
import { ownerLabel, tell, withhold, type Found, type Section } from '../evaluate/section.ts';

/** Constructors that have a key, of one kind or of all: set by the table of all kinds. */
export type OwnersOf = (key: string, kind?: string) => readonly string[];
/** The keys there are, and of which kind their own blocks are. */
type Keys = Readonly<Record<string, { readonly kind?: string }>>;

export function reportName(slot: Found, keys: Keys, ownersOf: OwnersOf): void {
  const { key, draft, section } = slot;
  const isDefault = section.owner === 'model' && section.world.prelude.model.keys.has(key);
  if (draft.let || isDefault) return tell(section, 'unused-name', draft.span, { name: key });
  const owner = ownerLabel(section);
  const known = Object.keys(keys);
  const owners = ownersOf(key);
  const own = nameHere(key, known) ?? (owners.length > 0 ? null : nearest(key, known));
  if (own !== null && !isWritten(own, section)) withhold(section, own);
  const likely = own === null ? placeOf(slot, keys, ownersOf) : `did you mean \`${own}\`?`;
  if (owners.length > 0) {
    const fix = likely ?? `keys of ${owner.split(' ')[0] ?? owner}: ${known.join(', ')}`;
    return tell(section, 'foreign-key', draft.span, { key, owner, others: owners.join(', ') }, { fix });
  }
  const fix = likely ?? `keys here: ${known.join(', ')}`;
  tell(section, 'unknown-key', draft.span, { key, owner }, { fix });
}

/** Whether the file says it, and not std. */
function isWritten(key: string, { body, world }: Section): boolean {
  const draft = body.keys.get(key);
  return draft !== undefined && !world.prelude.files.has(draft.span.file);
}

/** Where what was likely meant is written, as a fix. */
function placeOf({ key, section }: Found, keys: Keys, ownersOf: OwnersOf): string | null {
  const form = formHere(key, section.owner.split(' ')[0] ?? '');
  if (form !== null) return `write \`${form}\``;
  const words = [key, keyHere(key) ?? key];
  for (const word of words) {
    const inner = insideOf(word, keys, ownersOf);
    if (inner !== null) return inner;
    const part = partWith(word, section, ownersOf);
    if (part !== null) return `write \`${part}.${word}\``;
  }
  const word = keyHere(key);
  const owners = word === null ? [] : ownersOf(word);
  return owners.length === 0 ? null : `here it is \`${word ?? ''}\`, a key of ${owners.join(', ')}`;
}

/** A key whose own block has the key: `rope` for `theta`. */
function insideOf(word: string, keys: Keys, ownersOf: OwnersOf): string | null {
  for (const [name, { kind }] of Object.entries(keys)) {
    const owners = kind === undefined ? [] : ownersOf(word, kind);
    if (owners.length === 1) return `write \`${name} { ${word} = ... }\``;
    if (owners.length > 1) return `write \`${word}\` inside of \`${name}\``;
  }
  return null;
}

/** The first part of this section whose constructor has the key: `attn` for `kv_heads`. */
function partWith(word: string, { body, world }: Section, ownersOf: OwnersOf): string | null {
  for (const [name, draft] of body.keys) {
    const constructor = constructorOf(draft);
    const isOwn = draft.role !== null && !world.prelude.files.has(draft.span.file);
    if (isOwn && constructor !== null && ownersOf(word, draft.role ?? '').includes(constructor)) return name;
  }
  return null;
}

function constructorOf({ value }: Draft): string | null {
  if (value?.kind === 'name') return value.name;
  return value?.kind === 'call' && value.callee.kind === 'name' ? value.callee.name : null;
}
