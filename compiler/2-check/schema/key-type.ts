// Takes: nothing. Gives: the type of a key: how what was written is read, and what to say when it does not fit.
// Promises: one table of keys per constructor is read by `readKeys`; no key is ignored, no missing one invented.
import type { Expr } from '../../1-syntax/ast.ts';
import { printExpr } from '../../1-syntax/print-ast.ts';
import type { Draft } from '../draft/draft.ts';
import { exprNames } from '../draft/names.ts';
import { wordHere } from '../draft/other-names.ts';
import { describe, inlineDraft, pickItem } from '../evaluate/evaluate.ts';
import { fail, lookup, ownerLabel, pathOf, Stop, stopIfWithheld, withhold, type Section } from '../evaluate/section.ts';
import { reportName, type OwnersOf } from './unknown-key.ts';

/** A draft and where it stands. */
export interface Slot {
  readonly draft: Draft;
  readonly section: Section;
  readonly key: string;
}

export interface KeyType<T> {
  /** `a whole number above 0`: for messages and for the reference. */
  readonly expects: string;
  /** The words it takes, for completion. */
  readonly words?: readonly string[];
  /** The value of a key that is not there; without it the key must be there (std gives most of them). */
  readonly absent?: { readonly value: T };
  /** The kind whose constructors it takes, by name. */
  readonly kind?: string;
  /** Words of its own, which are never looked up. */
  readonly owns?: (word: string) => boolean;
  /** @throws Stop */
  read(slot: Slot): T;
}

/** A key of a constructor: its type, and what it is, for people. */
export interface Key<T> extends KeyType<T> {
  /** `query heads`: a phrase, with the formula where it has one. */
  readonly about: string;
  /** `tokens`, `bytes`, `steps`; none: a plain number or no number. */
  readonly unit?: string;
}

/** `about` may hold a formula: `key('softmax(scale * q k)', real)`. */
export function key<T>(about: string, type: KeyType<T>, unit?: string): Key<T> {
  return unit === undefined ? { ...type, about } : { ...type, about, unit };
}

export type Keys = Readonly<Record<string, Key<unknown>>>;
export type ReadKeys<K extends Keys> = { readonly [N in keyof K]: K[N] extends KeyType<infer T> ? T : never };

/** `isRead`: keys that the caller reads itself. @throws Stop after every fault of the section was reported. */
export function readKeys<K extends Keys>(
  keys: K,
  section: Section,
  ownersOf: OwnersOf,
  isRead: (draft: Draft, key: string) => boolean = () => false,
): ReadKeys<K> {
  let sound = checkNames(keys, section, ownersOf, isRead);
  const result: Record<string, unknown> = {};
  for (const [key, type] of Object.entries(keys)) {
    try {
      result[key] = readKey(key, type, section);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      sound = false;
      withhold(section, key, error);
    }
  }
  if (!sound) throw new Stop(section.path);
  // Every key of the table was read by its own type.
  return result as ReadKeys<K>;
}

function readKey<T>(key: string, type: KeyType<T>, section: Section): T {
  const draft = section.body.keys.get(key);
  if (draft !== undefined) return type.read({ draft, section, key });
  if (type.absent !== undefined) return type.absent.value;
  stopIfWithheld(section, key);
  return fail(section, 'missing-key', section.span, { key, owner: ownerLabel(section) });
}

/** E1: keys the table does not have are local names, so something must use them. */
function checkNames(
  keys: Keys,
  section: Section,
  ownersOf: OwnersOf,
  isRead: (draft: Draft, key: string) => boolean,
): boolean {
  let sound = true;
  for (const [key, draft] of section.body.keys) {
    if (Object.hasOwn(keys, key) || isRead(draft, key)) continue;
    if (section.world.prelude.files.has(draft.span.file)) continue;
    const complain = (): void => reportName({ key, draft, section }, keys, ownersOf);
    const used = section.world.usedNames.has(key) || defaultsUse(key, section);
    if (draft.role === null && used) {
      section.world.state.locals.push({ draft, complain });
      continue;
    }
    // What is only superfluous takes nothing from the rest.
    if (!draft.let) sound = false;
    complain();
  }
  return sound;
}

/** Whether a default that is in force derives from it: `aspect`, while `n_layers` is std's. */
function defaultsUse(key: string, { body, world }: Section): boolean {
  return [...body.keys.values()].some(
    ({ value, span }) => value !== null && world.prelude.files.has(span.file) && exprNames(value).has(key),
  );
}

/** `words`: those that the key takes; `better`: what to write instead. @throws Stop, saying what the key takes. */
export function mismatch(
  slot: Slot,
  expected: string,
  words: readonly string[] = [],
  better: string | null = null,
): never {
  const { draft, section, key } = slot;
  const found = draft.value === null ? 'a block' : describe(draft.value);
  const fix = better ?? fixOf(draft.value, words);
  const span = draft.value?.span ?? draft.span;
  const facts = { key: pathOf(section, key), expected, found };
  return fail(section, 'wrong-type', span, facts, fix === null ? {} : { fix });
}

/** `"silu"` and `SiLU` are `silu`, where that is one of `words`. */
function fixOf(value: Expr | null, words: readonly string[]): string | null {
  const isText = value?.kind === 'string';
  const word = isText ? value.value : (callOf(value)?.callee ?? null);
  if (word === null) return null;
  if (isText && words.includes(word)) return `write ${word}, without quotes`;
  const near = wordHere(word, words);
  return near === null ? null : `did you mean \`${near}\`?`;
}

/**
 * What a slot stands for once names are followed and items picked (`cycle [a, b]`). `owns`: words of the key's own
 * type, which are never looked up.
 */
export function settle(slot: Slot, owns: (word: string) => boolean): Slot {
  const seen: Draft[] = [];
  for (let at = slot; ;) {
    const { draft, section, key } = at;
    const { value } = draft;
    if (seen.includes(draft)) {
      return fail(section, 'cycle', draft.span, { path: [key, ...seen.map((each) => wordOf(each.value) ?? key)] });
    }
    seen.push(draft);
    if (value === null || draft.body !== null) return at;
    if (value.kind === 'group') at = { draft: inlineDraft(value.value, section), section, key };
    else if (value.kind === 'index') {
      at = { draft: inlineDraft(pickItem(value, section), section), section, key };
    } else {
      const found = value.kind === 'name' && !owns(value.name) ? lookup(section, value.name) : null;
      if (found === null) return at;
      at = { ...found, key };
    }
  }
}

/** The name an expression is, if it is one. */
export function wordOf(expr: Expr | null): string | null {
  return expr?.kind === 'name' ? expr.name : null;
}

/** The callee and arguments of `window(1024)`; a bare name has none. */
export function callOf(expr: Expr | null): { readonly callee: string; readonly args: readonly Expr[] } | null {
  if (expr?.kind === 'name') return { callee: expr.name, args: [] };
  if (expr?.kind !== 'call') return null;
  return { callee: printExpr(expr.callee), args: expr.args.map((arg) => arg.value) };
}
