// Takes: nothing. Gives: scopes of names as they stand in a text, and the names in them with every place they occur.
// Promises: a name is looked up in its own scope, in what that is laid over (a variant's base, the part it derives from),
//   in the defaults of its constructor, then outward: as evaluation does, but without evaluating anything.
import type { Span } from '../../../../grammar/source.ts';
import type { Definition } from '../../../1-syntax/ast.ts';

export type NameKind =
  | 'model' | 'train' | 'generate' | 'data' | 'norm' | 'mixer' | 'ffn' | 'tower' | 'block' | 'parameter' | 'equation' | 'local' | 'key' | 'module'; // prettier-ignore

export interface Occurrence {
  readonly span: Span;
  /** `sets`: a definition, or an override of it. `implicit`: `block = ...` is the block `main`. */
  readonly how: 'sets' | 'uses' | 'implicit';
}

/** A name; two that turn out to be one (a variant's override) are joined. */
export class NamedThing {
  readonly text: string;
  /** `key` until its scope's owner is known not to have it; then `local`. */
  kind: NameKind;
  /** A part without `=`: its name is also its constructor. */
  readonly isConstructor: boolean;
  /** What std defines under the same name: the default of a key, a part that stands in for this one. */
  standard: NamedThing | null = null;
  private places: Occurrence[] = [];
  private same: NamedThing | null = null;

  constructor(text: string, kind: NameKind, isConstructor = false) {
    this.text = text;
    this.kind = kind;
    this.isConstructor = isConstructor;
  }

  /** The one that stands for all it was joined with. */
  get root(): NamedThing {
    return this.same === null ? this : this.same.root;
  }

  get occurrences(): readonly Occurrence[] {
    return this.root.places;
  }

  add(span: Span, how: Occurrence['how']): void {
    const { places } = this.root;
    if (!places.some((old) => old.span.file === span.file && old.span.start === span.start)) places.push({ span, how });
  }

  /** From now on the same as `other`. */
  join(other: NamedThing): void {
    const [own, root] = [this.root, other.root];
    if (own === root) return;
    own.same = root;
    for (const { span, how } of own.places) root.add(span, how);
    own.places = [];
  }
}

export interface Member {
  readonly thing: NamedThing;
  /** The inside of its block. */
  inside: Scope | null;
  readonly definition: Definition | null;
}

export class Scope {
  /** Of a train block: the model it is for. */
  parent: Scope | null;
  /** `model`, `mixer gqa`: whose keys these are; null where no schema knows. */
  owner: string | null;
  readonly members = new Map<string, Member>();
  /** What this scope is laid over, nearest first. */
  readonly bases: Scope[] = [];
  /** The defaults of its constructor. */
  defaults: Scope | null = null;

  constructor(parent: Scope | null, owner: string | null = null) {
    this.parent = parent;
    this.owner = owner;
  }

  /** The member of that name here, in a base, or in the defaults. */
  member(name: string, seen: ReadonlySet<Scope> = new Set()): Member | null {
    if (seen.has(this)) return null;
    const own = this.members.get(name);
    if (own !== undefined) return own;
    const visited = new Set(seen).add(this);
    for (const base of this.bases) {
      const found = base.member(name, visited);
      if (found !== null) return found;
    }
    return this.defaults?.member(name, visited) ?? null;
  }

  /** The member that a name stands for, seen from here. */
  find(name: string): Member | null {
    return this.member(name) ?? this.parent?.find(name) ?? null;
  }

  /** Every name seen from here, nearest first. */
  visible(names = new Map<string, Member>()): Map<string, Member> {
    this.collect(names, new Set());
    return this.parent?.visible(names) ?? names;
  }

  private collect(names: Map<string, Member>, seen: Set<Scope>): void {
    if (seen.has(this)) return;
    seen.add(this);
    for (const [name, member] of this.members) if (!names.has(name)) names.set(name, member);
    for (const base of this.bases) base.collect(names, seen);
    this.defaults?.collect(names, seen);
  }
}
