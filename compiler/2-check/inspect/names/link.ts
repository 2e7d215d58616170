// Takes: declared scopes and those of std. Gives: the same scopes, each laid over what it changes.
// Promises: a name that a variant or a derived part sets again is joined with the first one; owners are known where the
//   schema knows them.
import type { Expr } from '../../../1-syntax/ast.ts';
import { labelOf, textOf } from '../../draft/from-items.ts';
import type { Declared, Waiting } from './declare.ts';
import { keyOf, keysOf, kindOfKey } from '../schema-view.ts';
import type { Member, NamedThing, Scope } from './scope.ts';
import type { StdScopes } from './std-scopes.ts';

export function link(declared: Declared, std: StdScopes): void {
  const { file, models, runs, waiting, byBrace } = declared;
  const insideOf = (name: string): Scope | null => file.members.get(name)?.inside ?? null;
  for (const { scope, base } of models) {
    const inside = base === null ? null : insideOf(textOf(base));
    scope.bases.push(inside === null || inside === scope ? std.model : inside);
  }
  const first = models.find(({ base }) => base === null)?.scope ?? null;
  for (const { scope, model } of runs) scope.parent = (model === null ? first : insideOf(model)) ?? file;
  for (const each of waiting) {
    if (each.kind !== 'run') continue;
    const run = file.members.get(`${each.role} ${each.label}`);
    run?.thing.add(each.span, 'uses');
    if (run?.inside) each.scope.bases.push(run.inside);
  }
  const linker = new Linker(std);
  linker.scope(file);
  for (const { scope } of [...models, ...runs]) linker.scope(scope);
  for (const each of waiting) if (each.kind === 'nested') linker.nested(each);
  for (const scope of byBrace.values()) linker.scope(scope);
}

/** The defaults themselves, before any file is laid over them. */
export function linkStd(std: StdScopes): void {
  const linker = new Linker(std);
  for (const scope of std.defaults.values()) linker.scope(scope);
  for (const { file, byBrace } of std.declared) {
    linker.scope(file);
    for (const scope of byBrace.values()) {
      scope.parent ??= std.root;
      linker.scope(scope);
    }
  }
}

/** Keys of blocks that no table of the schema has. */
const otherKeys: ReadonlySet<string> = new Set(
  'model loss optimizer data weights mtp sweep tokenizer source filter dedup pack report'.split(' '),
);

class Linker {
  private readonly std: StdScopes;
  private readonly seen = new Set<Scope | Member>();

  constructor(std: StdScopes) {
    this.std = std;
  }

  scope(scope: Scope): void {
    if (this.seen.has(scope)) return;
    this.seen.add(scope);
    scope.bases.forEach((base) => this.scope(base));
    // A tower has parts of its own, which std names.
    const tower = scope.owner === 'tower tower' ? this.std.defaults.get('tower tower') : undefined;
    if (tower !== undefined && tower !== scope && !scope.bases.includes(tower)) scope.bases.push(tower);
    if (scope.owner !== null && scope.owner !== 'model') scope.defaults ??= this.std.defaults.get(scope.owner) ?? null;
    for (const [name, member] of scope.members) this.member(name, member, scope);
  }

  private member(name: string, member: Member, scope: Scope): void {
    if (this.seen.has(member)) return;
    this.seen.add(member);
    const { thing, inside } = member;
    for (const base of scope.bases) {
      const below = base.member(name);
      if (below === null || below === member) continue;
      this.onTop(thing, below.thing);
      if (inside !== null && below.inside !== null && below.inside !== inside) inside.bases.push(below.inside);
      break;
    }
    thing.root.standard ??= scope.defaults?.member(name)?.thing ?? null;
    this.meaning(name, member, scope);
    if (inside === null) return;
    this.derive(name, member, scope, inside);
    this.scope(inside);
  }

  /** The same name; what std defines is not this file's, so that two models do not share it. */
  private onTop(thing: NamedThing, below: NamedThing): void {
    const file = below.occurrences[0]?.span.file;
    if (file === undefined || !this.std.files.has(file)) return thing.join(below);
    thing.root.standard ??= below;
    if (thing.root.kind === 'key') thing.root.kind = below.root.kind;
  }

  /** A key that the owner does not have is a local name, or in a train or init block a part of the model. */
  private meaning(name: string, { thing, definition }: Member, scope: Scope): void {
    const { owner } = scope;
    if (thing.root.kind !== 'key') return;
    const outer = inRun(scope) ? scope.parent?.find(name) : null;
    if (outer && /^(mixer|ffn|norm)$/.test(outer.thing.root.kind)) return thing.join(outer.thing);
    if (owner === null || keyOf(owner, name) !== null) return;
    if (keysOf(owner) !== null || owner === 'stack') {
      const known = owner === 'model' ? this.std.model : scope.defaults;
      const isKey = known?.members.has(name) === true || otherKeys.has(name) || kindOfKey(null, '', name) !== null;
      // Behind a role stands a constructor: `optimizer adamw`.
      if (!isKey && definition?.words.length === 0) thing.root.kind = 'local';
    }
  }

  /** What stands inside an expression belongs to the key it is the value of. */
  nested({ inside, callee, scope, key }: Extract<Waiting, { kind: 'nested' }>): void {
    const kind = kindOfKey(scope.owner, '', key);
    const name = calleeOf(callee);
    if (kind !== null && name !== null && Object.hasOwn(kind.constructors, name)) inside.owner = `${kind.name} ${name}`;
    else if (name !== null) this.over(name, key, scope, inside);
    inside.owner ??= inside.bases[0]?.owner ?? null;
  }

  /** What a part derives from, and by that whose keys it has. */
  private derive(name: string, { definition }: Member, scope: Scope, inside: Scope): void {
    if (inside.owner !== null || definition === null) return;
    const role = definition.words.length > 0 ? textOf(definition.heads[0]) : '';
    const isOwn = definition.heads.some((head) => head.parts.at(-1)?.text === name) || labelOf(definition) === name || role === name; // prettier-ignore
    const kind = kindOfKey(scope.owner, role, name) ?? (inside.bases.length > 0 ? null : kindOfKey(null, '', name));
    const callee = isOwn ? calleeOf(definition.value) : null;
    // `dedup near { }`: the word is the constructor.
    const label = labelOf(definition);
    const isConstructor = role === name || (kind !== null && Object.hasOwn(kind.constructors, label));
    const word = callee ?? (isConstructor ? label : null);
    if (kind !== null && word !== null && Object.hasOwn(kind.constructors, word)) inside.owner = `${kind.name} ${word}`;
    else if (callee !== null) this.over(callee, name, scope, inside);
    inside.owner ??= inside.bases.find((base) => base.owner !== null)?.owner ?? null;
    const [only] = Object.keys(kind?.constructors ?? {});
    const named = kind !== null && word === null && Object.hasOwn(kind.constructors, name) ? name : only;
    if (inside.owner === null && kind !== null && named !== undefined) inside.owner = `${kind.name} ${named}`;
  }

  /** `mixer local = attn { }` is laid over `attn`. */
  private over(callee: string, name: string, scope: Scope, inside: Scope): void {
    const from = callee === name ? scope.parent : scope;
    for (let at = from; at !== null; at = at.parent) {
      const found = at.member(callee);
      if (found?.inside == null || found.inside === inside) continue;
      this.member(callee, found, at);
      inside.bases.push(found.inside);
      return;
    }
  }
}

/** In a train, generate or init block, where parts of the model are keys: `cache { ssm = f32 }`. */
function inRun(scope: Scope): boolean {
  if (scope.owner === 'model') return false;
  if (scope.owner !== null && /^(init|start|train train|generate generate|sweep sweep)$/.test(scope.owner)) return true;
  return scope.parent !== null && inRun(scope.parent);
}

function calleeOf(value: Expr | null): string | null {
  if (value?.kind === 'construct' || value?.kind === 'call') return calleeOf(value.callee);
  return value?.kind === 'name' ? value.name : null;
}
