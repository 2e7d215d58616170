// Takes: two checked models, and how they were written. Gives: the keys that differ, and why each does.
// Promises: a key is written when the texts say it differently, derived when they say it alike and its value still differs.
import { causesOf } from './causes.ts';
import { type AnyModel, entriesOf } from './subject.ts';
import type { WrittenPair } from './written.ts';

export interface ChangedKey {
  readonly path: string;
  /** Null: only in the other model. */
  readonly a: string | null;
  readonly b: string | null;
  /** Null: the texts were not given. */
  readonly origin: 'written' | 'derived' | null;
  /** Of a derived key: the written keys it follows from, as far as names tell. */
  readonly from: readonly string[];
}

/** A key as the texts have it. */
export interface OverriddenKey {
  readonly path: string;
  /** Null: the text is silent there. */
  readonly a: string | null;
  readonly b: string | null;
}

type Entries = ReadonlyMap<string, string>;

export function changedKeys(a: AnyModel, b: AnyModel, written: WrittenPair | null): ChangedKey[] {
  const [before, after] = [entriesOf(a), entriesOf(b)];
  const paths = changedPaths(before, after);
  const texts = written === null ? null : writtenPaths(written);
  return paths.map((path) => {
    const values = { path, a: before.get(path) ?? null, b: after.get(path) ?? null };
    if (written === null || texts === null) return { ...values, origin: null, from: [] };
    if (texts.has(path)) return { ...values, origin: 'written' as const, from: [] };
    return { ...values, origin: 'derived' as const, from: causesOf(path, texts, written, [before, after]) };
  });
}

/** What the texts set differently and what makes a difference: another way to write an equal value is none. */
export function overriddenKeys(a: AnyModel, b: AnyModel, written: WrittenPair): OverriddenKey[] {
  const [before, after] = [entriesOf(a), entriesOf(b)];
  const changed = changedPaths(before, after);
  if (changed.length === 0) return [];
  const within = (path: string): boolean => changed.some((each) => each === path || each.startsWith(`${path}.`));
  const resolved = (path: string): boolean => before.has(path) && after.has(path);
  return [...writtenPaths(written)]
    .filter((path) => within(path) || !resolved(path))
    .map((path) => ({
      path,
      a: written.a.keys.get(path)?.text ?? null,
      b: written.b.keys.get(path)?.text ?? null,
    }));
}

function changedPaths(a: Entries, b: Entries): string[] {
  const paths = [...new Set([...a.keys(), ...b.keys()])];
  return paths.filter((path) => path !== 'name' && a.get(path) !== b.get(path));
}

/** Where the texts differ. What B no longer says because it sets the part around it anew is no setting of its own. */
function writtenPaths({ a, b }: WrittenPair): ReadonlySet<string> {
  const all = [...new Set([...a.keys.keys(), ...b.keys.keys()])];
  const paths = new Set(all.filter((path) => a.keys.get(path)?.text !== b.keys.get(path)?.text));
  const replaced = (path: string): boolean => {
    const parts = path.split('.');
    return !b.keys.has(path) && parts.some((_, i) => i > 0 && paths.has(parts.slice(0, i).join('.')));
  };
  return new Set([...paths].filter((path) => !replaced(path)));
}
