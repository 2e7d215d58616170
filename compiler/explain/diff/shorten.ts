// Takes: changed keys and names of parameters. Gives: fewer rows that say the same.
// Promises: what is put together differs in the same way; nothing is left out.
import type { ChangedKey } from './keys.ts';
import { rangesOf } from './layers.ts';

/**
 * A part that came or went is one row with its keys inside: `rope { dim = 32; theta = 10000 } -> none`.
 * Keys whose value is there on both sides stay rows of their own.
 */
export function foldKeys(changed: readonly ChangedKey[]): ChangedKey[] {
  const paths = new Set(changed.map(({ path }) => path));
  const parentOf = (key: ChangedKey): string | undefined => {
    if (key.a !== null && key.b !== null) return undefined;
    const parts = key.path.split('.');
    const outer = parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('.'));
    return outer.find((path) => paths.has(path));
  };
  const rows = changed
    .filter((key) => parentOf(key) === undefined)
    .map((key) => {
      const inner = changed.filter((each) => parentOf(each) === key.path);
      return { ...key, a: withKeys(key.a, inner, key.path, 'a'), b: withKeys(key.b, inner, key.path, 'b') };
    });
  return mergeInits(rows);
}

/** `init.mlp.{gate, up, down}`: matrices of one part that follow alike. */
function mergeInits(rows: readonly ChangedKey[]): ChangedKey[] {
  const groups = new Map<string, { key: ChangedKey; names: string[] }>();
  for (const key of rows) {
    const [, part, name] = /^(init\.\w+)\.(.+)$/.exec(key.path) ?? [];
    const merges = part !== undefined && name !== undefined && key.origin !== 'written';
    const id = merges ? JSON.stringify([part, key.a, key.b, key.from]) : key.path;
    const group = groups.get(id) ?? { key: merges ? { ...key, path: part } : key, names: [] };
    groups.set(id, group);
    if (merges) group.names.push(name);
  }
  return [...groups.values()].map(({ key, names }) => {
    if (names.length === 0) return key;
    return { ...key, path: `${key.path}.${names.length === 1 ? (names[0] ?? '') : `{${names.join(', ')}}`}` };
  });
}

/** `gqa { heads = 4; rope = rope { dim = 32 } }` */
function withKeys(value: string | null, inner: readonly ChangedKey[], path: string, side: 'a' | 'b'): string | null {
  const below = inner.filter((each) => each[side] !== null && each.path.startsWith(`${path}.`));
  if (value === null || below.length === 0) return value;
  const direct = below.filter((each) => !below.some((outer) => each.path.startsWith(`${outer.path}.`)));
  const keys = direct.map((each) => {
    return `${each.path.slice(path.length + 1)} = ${withKeys(each[side], below, each.path, side) ?? ''}`;
  });
  return `${value} { ${keys.join('; ')} }`;
}

/** `0..2,..,44..46` when there are many. */
function briefRanges(layers: readonly number[]): string {
  const parts = rangesOf(layers).split(', ');
  return parts.length <= 4 ? parts.join(',') : `${parts[0] ?? ''},..,${parts.at(-1) ?? ''}`;
}

export interface NameGroup {
  /** `layers.0..11.attn.k.weight` */
  readonly name: string;
  readonly what: string;
  readonly count: number;
}

/** Parameters of several layers with the same `what` (a shape) as one row. */
export function groupNames(list: readonly { readonly name: string; readonly what: string }[]): NameGroup[] {
  const groups = new Map<string, { name: string; what: string; layers: number[]; count: number }>();
  for (const { name, what } of list) {
    const match = /^(.*?layers\.)(\d+)(\..*)$/.exec(name);
    const general = match === null ? name : `${match[1] ?? ''}*${match[3] ?? ''}`;
    const group = groups.get(`${general} ${what}`) ?? { name: general, what, layers: [], count: 0 };
    groups.set(`${general} ${what}`, group);
    if (match !== null) group.layers.push(Number(match[2]));
    group.count += 1;
  }
  return [...groups.values()].map(({ name, what, layers, count }) => {
    return { name: name.replace('*', briefRanges(layers)), what, count };
  });
}
