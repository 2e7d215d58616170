// Takes: a parsed file and the prelude. Gives: what keys and expressions stand for in each of its models.
// Promises: silent: a value that does not exist is null; models are resolved when first asked for.
import type { Expr, FileNode, Item } from '../../1-syntax/ast.ts';
import { canonicalEntries } from '../canonical.ts';
import { emptyBody } from '../draft/draft.ts';
import { bodyOf, textOf } from '../draft/from-items.ts';
import { collectNames } from '../draft/names.ts';
import { preludeOf } from '../draft/prelude.ts';
import { evaluate, evaluateDraft } from '../evaluate/evaluate.ts';
import type { Quantity } from '../evaluate/quantity.ts';
import { attempt, sectionOf, type Section } from '../evaluate/section.ts';
import { FileModels } from '../file/models.ts';
import { outlineOf } from '../file/outline.ts';
import type { Model } from '../model.ts';
import { parameters, parameterCount } from '../parameters/parameters.ts';
import { elements } from '../parameters/parameter.ts';

/** What a part (or a whole model) weighs. */
export interface Weight {
  readonly total: number;
  readonly active: number;
  /** Of all layers together; 1 for what stands once. */
  readonly layers: number;
}

export class FileValues {
  private readonly models: FileModels;
  /** What each variant derives from. */
  private readonly bases: ReadonlyMap<string, string | null>;
  private readonly entries = new Map<string, ReadonlyMap<string, string>>();

  constructor(ast: FileNode, prelude: readonly FileNode[]) {
    const silent = (): void => {};
    const outlines = outlineOf(ast, silent).models;
    this.bases = new Map(outlines.map(({ name, base }) => [name, base?.name ?? null]));
    this.models = new FileModels(outlines, preludeOf(prelude), collectNames([ast]), silent);
  }

  names(): readonly string[] {
    return this.models.names();
  }

  /** The models that derive from the same one, itself among them. */
  family(name: string): readonly string[] {
    const root = this.rootOf(name);
    return this.names().filter((each) => this.rootOf(each) === root);
  }

  private rootOf(name: string): string {
    const seen = new Set<string>();
    for (let at = name; ;) {
      const base = this.bases.get(at) ?? null;
      if (base === null || seen.has(at)) return at;
      seen.add(at);
      at = base;
    }
  }

  /** Null when it has a fault. */
  model(name: string): Model | null {
    return quietly(() => this.models.resolve(name)?.resolved?.model ?? null);
  }

  /** The resolved text of a key: `attn.kv_heads` is `2`; per layer `cycle [...]`. */
  text(model: string, path: readonly string[]): string | null {
    const known = this.entriesOf(model).get(path.join('.'));
    if (known !== undefined) return /^\d+(\.\d+)?(e[+-]?\d+)?$/i.test(known) ? shown({ value: Number(known), measure: null }) : known; // prettier-ignore
    const value = this.keyValue(model, path);
    return value === null ? null : shown(value);
  }

  /** The number that a key holds. */
  keyValue(model: string, path: readonly string[]): Quantity | null {
    return quietly(() => {
      const section = this.sectionAt(model, path.slice(0, -1), true);
      const key = path.at(-1) ?? '';
      const draft = section?.body.keys.get(key);
      return section && draft ? attempt(() => evaluateDraft(draft, section, key)) : null;
    });
  }

  /** What an expression in the value of the key `path` comes to. `root`: the item of the file it stands in. */
  number(expr: Expr, root: Item, path: readonly string[]): Quantity | null {
    return quietly(() => {
      const section = this.sectionOfRoot(root, path.slice(0, -1));
      return section === null ? null : attempt(() => evaluate(expr, section));
    });
  }

  /** Parameters named `layers.i.<part>.*`, per layer; of the embedding and the head; of all. */
  weight(model: string, part: string | null): Weight | null {
    return quietly(() => {
      const resolved = this.model(model);
      if (resolved === null) return null;
      if (part === null) {
        const { total, active } = parameterCount(resolved);
        return { total, active, layers: 1 };
      }
      const own = parameters(resolved).filter(({ name }) => name.replace(/^layers\.\d+\./, '').startsWith(`${part}.`));
      const layers = new Set(own.map(({ name }) => /^layers\.(\d+)/.exec(name)?.[1] ?? ''));
      const sum = (of: (each: (typeof own)[number]) => number): number => own.reduce((all, each) => all + of(each), 0);
      if (own.length === 0) return null;
      return { total: sum(elements), active: Math.round(sum((each) => elements(each) * each.active)), layers: layers.size }; // prettier-ignore
    });
  }

  /** The model a train or generate block is for: the one it names, else the file's first. */
  modelFor(root: Item): string | null {
    if (root.kind !== 'definition') return null;
    const role = textOf(root.heads[0]);
    if (role === 'model' || role === 'variant') return root.words.map(textOf).join(' ');
    for (const item of root.block?.items ?? []) {
      const isModel = item.kind === 'definition' && textOf(item.heads[0]) === 'model';
      if (isModel && item.value?.kind === 'name' && this.models.has(item.value.name)) return item.value.name;
    }
    return this.names()[0] ?? null;
  }

  private entriesOf(model: string): ReadonlyMap<string, string> {
    const known = this.entries.get(model);
    if (known !== undefined) return known;
    const resolved = this.model(model);
    const made = new Map(resolved === null ? [] : (quietly(() => canonicalEntries(resolved)) ?? []));
    this.entries.set(model, made);
    return made;
  }

  private sectionOfRoot(root: Item, path: readonly string[]): Section | null {
    const model = this.modelFor(root);
    if (model === null || root.kind !== 'definition') return null;
    const role = textOf(root.heads[0]);
    if (role === 'model' || role === 'variant') return this.sectionAt(model, path);
    const outer = this.models.section(model);
    if (outer === null) return null;
    const body = root.block === null ? emptyBody : bodyOf(root.block.items, () => {});
    return descend(sectionOf({ path: '', owner: `${role} ${role}`, parent: outer, body, span: root.span }, outer.world), path); // prettier-ignore
  }

  private sectionAt(model: string, path: readonly string[], whole = false): Section | null {
    // Resolved first: sizes that `solve` finds, and what a layer adds, are then known.
    this.model(model);
    const section = this.models.section(model);
    return section === null ? null : descend(section, path, whole);
  }
}

/** The section of `attn.rope`; where it cannot be opened the one around it, or with `whole` null. */
function descend(start: Section, path: readonly string[], whole = false): Section | null {
  let section = start;
  for (const key of path) {
    const at = section;
    const draft = at.body.keys.get(key);
    const inner = draft === undefined ? null : attempt(() => at.world.open({ draft, section: at, key }));
    if (draft === undefined || inner === null) {
      if (whole) return null;
      continue;
    }
    // A block that no kind opens is a scope all the same: `init { }`.
    const body = inner === at ? draft.body : null;
    section =
      body === null ? inner : sectionOf({ path: key, owner: key, parent: at, body, span: draft.span }, at.world);
  }
  return section;
}

/** A file being typed may break what a whole one never does: such a value is not known. */
function quietly<T>(run: () => T | null): T | null {
  try {
    return run();
  } catch {
    return null;
  }
}

const suffixes = { token: ' tokens', byte: ' bytes', percent: '%' } as const;

/** `131_072`, `0.0883883`, `2%` */
export function shown({ value, measure }: Quantity): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  const scaled = measure === 'percent' ? value * 100 : value;
  const near = Math.round(scaled);
  const whole = Math.abs(scaled - near) < 1e-9 * Math.max(1, Math.abs(scaled)) && Math.abs(near) < 1e15;
  const text = whole ? grouped(near) : String(Number(scaled.toPrecision(6)));
  return measure === null ? text : text + suffixes[measure];
}

/** `_` between thousands from 10_000 on, as the language writes them. */
function grouped(value: number): string {
  const text = String(Math.abs(value));
  const digits = text.length > 4 ? text.replaceAll(/\B(?=(\d{3})+$)/g, '_') : text;
  return value < 0 ? `-${digits}` : digits;
}
