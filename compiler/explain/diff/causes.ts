// Takes: a key whose value differs though both texts say it alike. Gives: the written keys it follows from.
// Promises: names are looked up as the language does, in the key's own block and outward; what they do not tell is left out.
import type { WrittenKey, WrittenModel, WrittenPair } from './written.ts';

type Entries = ReadonlyMap<string, string>;

/** `written`: the paths that the texts set differently; `entries`: the canonical forms of A and B. */
export function causesOf(
  path: string,
  written: ReadonlySet<string>,
  { a, b }: WrittenPair,
  [before, after]: readonly [Entries, Entries],
): readonly string[] {
  const enclosing = enclosingOf(path).find((each) => written.has(each));
  if (enclosing !== undefined) return [enclosing];
  const named = [...new Set([...reach(path, written, b, after), ...reach(path, written, a, before)])];
  if (named.length > 0) return named;
  const isPart = !before.has(path) || !after.has(path);
  return isPart ? usersOf(path, written, [before, after]) : [];
}

/**
 * `init.attn.o` lies within `init.attn`, `init`, is set by `init.default` or `init.mixer.o`, and belongs to `attn`, `attn.o`;
 * `main_local` is `main` with an argument. In a tower all of it stands behind the tower's name.
 */
function enclosingOf(path: string): string[] {
  const parts = path.split('.');
  if (parts.length === 1) return path.includes('_') ? [path.slice(0, path.indexOf('_'))] : [];
  const outer = parts.slice(1).map((_, i) => parts.slice(0, parts.length - 1 - i).join('.'));
  const at = parts.indexOf('init');
  if (at < 0 || at > 1) return outer;
  const tower = at === 0 ? '' : `${parts[0] ?? ''}.`;
  const [, ...target] = parts.slice(at);
  const owners = target.map((_, i) => `${tower}${target.slice(0, i + 1).join('.')}`);
  const roles = ['default', ...['mixer', 'ffn'].map((role) => [role, ...target.slice(1)].join('.'))];
  return [...outer, ...roles.map((role) => `${tower}init.${role}`), ...owners];
}

/** Follows the names of the key's expression until they end in written keys. */
function reach(path: string, written: ReadonlySet<string>, model: WrittenModel, entries: Entries): string[] {
  const found = new Set<string>();
  const seen = new Set<string>([path]);
  const queue = [path];
  for (const at of queue) {
    for (const target of namedBy(at, written, model, entries)) {
      if (seen.has(target)) continue;
      seen.add(target);
      if (written.has(target)) found.add(target);
      else queue.push(target);
    }
  }
  return [...found];
}

/** The keys that the expression of a key names; `rms.eps` for `head.norm.eps` where `head.norm = rms`. */
function namedBy(path: string, written: ReadonlySet<string>, model: WrittenModel, entries: Entries): string[] {
  return [path, ...enclosingOf(path)].flatMap((at) => {
    const rest = path.startsWith(at) ? path.slice(at.length) : '';
    const names = [...(expressionAt(at, model, entries)?.names ?? [])];
    return names.flatMap((name) => {
      if (name === 'solve') return [...written]; // counts the parameters of the whole model
      const target = lookUp(name === 'layer' ? 'n_layers' : name, at, model, entries);
      return target === null ? [] : [`${target}${rest}`];
    });
  });
}

/** As written, else the default of the constructor that the key belongs to. */
function expressionAt(path: string, { keys, defaults }: WrittenModel, entries: Entries): WrittenKey | undefined {
  const dot = path.lastIndexOf('.');
  const [owner, key] = dot < 0 ? ['', path] : [path.slice(0, dot), path.slice(dot + 1)];
  const constructor = owner === '' ? '' : (entries.get(owner) ?? owner);
  const [tower = '', ...rest] = path.split('.');
  const inTower = entries.has(tower) ? undefined : defaults.get('tower')?.get(rest.join('.'));
  return keys.get(path) ?? defaults.get('')?.get(path) ?? defaults.get(constructor)?.get(key) ?? inTower;
}

/** `d_model` in `mlp.width`: `mlp.d_model`, else `d_model`. */
function lookUp(name: string, from: string, model: WrittenModel, entries: Entries): string | null {
  const scopes = [...enclosingOf(from).map((scope) => `${scope}.`), ''];
  const candidates = scopes.map((scope) => `${scope}${name}`).filter((path) => path !== from);
  return candidates.find((path) => expressionAt(path, model, entries) !== undefined || entries.has(path)) ?? null;
}

/** A part that came or went because a written key names it in one model only, as text or in the end. */
function usersOf(path: string, written: ReadonlySet<string>, sides: readonly [Entries, Entries]): string[] {
  const [first = path, second = first] = path.split('.');
  const word = new RegExp(`\\b${first === 'init' ? second : first}\\b`);
  return [...written].filter((each) => {
    const [a, b] = sides.map((entries) => word.test(entries.get(each) ?? ''));
    return a !== b;
  });
}
