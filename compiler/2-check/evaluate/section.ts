// Takes: nothing. Gives: sections, the scopes in which names are looked up, and the world they are evaluated in.
// Promises: a name is looked up in its own section first, then outward; a fault is reported once and then stops.
import type { Span } from '../../../grammar/source.ts';
import { diagnostic, type Diagnostic, type DiagnosticExtra, type DiagnosticNote } from '../../diagnostics.ts';
import type { Code, MessageArgs } from '../../messages.ts';
import type { Body, Draft } from '../draft/draft.ts';
import type { Prelude } from '../draft/prelude.ts';

/** What all sections of one evaluation share. A variant, and each size that `solve` tries, has its own. */
export interface World {
  readonly report: (diagnostic: Diagnostic) => void;
  readonly prelude: Prelude;
  /** Names that some expression of the file uses. */
  readonly usedNames: ReadonlySet<string>;
  /** Sizes that `solve` tries. */
  readonly overrides: ReadonlyMap<string, number>;
  /** Only sizes are wanted: how parameters start is not evaluated. */
  readonly sizesOnly: boolean;
  /** Added to what is reported: `in variant AtlasMQA`. */
  readonly note: DiagnosticNote | null;
  /** Of a variant: whether what stands there was said by a base, and not by the variant itself. */
  readonly isInherited?: (span: Span) => boolean;
  readonly models: ModelFacts;
  /** The inside of a construct, as a section: the schema, which lies above, knows how. */
  open(found: Found): Section;
  /** A derived fact of a section, if its constructor has one of that name. */
  fact(section: Section, name: string): number | null;
  /** The parameters of this model if it had these sizes; null when it would be faulty. */
  countWith(sizes: ReadonlyMap<string, number>): number | null;
  /** Reports the faults of this model at these sizes. */
  explainWith(sizes: ReadonlyMap<string, number>): void;
  readonly state: {
    /** 0-based, while the parts of one layer are resolved. */
    layer: number | null;
    /** Set when `layer` was read. */
    usesLayer: boolean;
    /** Keys being evaluated, outermost first. */
    readonly trail: Asked[];
    /** Drafts that some expression asked for. */
    readonly asked: Set<Draft>;
    /** Names that are no keys: something must ask for them. */
    readonly locals: Local[];
  };
}

/** A key of a section by its path: the section of a construct is opened anew whenever it is read. */
interface Asked {
  readonly path: string;
  readonly key: string;
}

export interface Local {
  readonly draft: Draft;
  /** Reports that it is used nowhere. */
  readonly complain: () => void;
}

/** Other models of the file, by name. */
export interface ModelFacts {
  has(name: string): boolean;
  names(): readonly string[];
  /** Whether it is being resolved: its size is not known yet. */
  isOpen(name: string): boolean;
  /** Null when the model has faults (reported where they stand). */
  parameters(name: string): { readonly total: number; readonly active: number; readonly mtp: number } | null;
  section(name: string): Section | null;
}

export interface Section {
  /** `attn.rope`; empty for the model itself. */
  readonly path: string;
  /** `gqa`, `model`: whose keys these are. */
  readonly owner: string;
  readonly parent: Section | null;
  readonly body: Body;
  /** Where the user wrote it: the place of faults in defaults. */
  readonly span: Span;
  readonly world: World;
  /** Values and inner sections that do not depend on the layer. */
  readonly cache: Map<string, unknown>;
}

export function sectionOf(from: Pick<Section, 'path' | 'owner' | 'parent' | 'body' | 'span'>, world: World): Section {
  const { path, owner, parent, body, span } = from;
  return { path, owner, parent, body, span, world, cache: new Map() };
}

/** A fault that was reported already: the value it stood for does not exist. */
export class Stop extends Error {
  override readonly name = 'Stop';
}

/** Reports and stops. @throws Stop */
export function fail<C extends Code>(
  section: Section,
  code: C,
  span: Span,
  args: MessageArgs<C>,
  extra: DiagnosticExtra = {},
): never {
  tell(section, code, span, args, extra);
  throw new Stop(code);
}

/** Reports and goes on. */
export function tell<C extends Code>(
  section: Section,
  code: C,
  span: Span,
  args: MessageArgs<C>,
  extra: DiagnosticExtra = {},
): void {
  const { world } = section;
  const place = userSpan(section, span);
  const notes = [...(extra.notes ?? [])];
  if (place !== span) notes.push({ message: 'the default stands here', span });
  if (world.note !== null) notes.push(world.note);
  world.report(diagnostic(code, place, args, notes.length > 0 ? { ...extra, notes } : extra));
}

/** `span`, or where the user wrote what it is the default of. */
function userSpan(section: Section, span: Span): Span {
  const { files } = section.world.prelude;
  if (!files.has(span.file)) return span;
  for (let at: Section | null = section; at !== null; at = at.parent) if (!files.has(at.span.file)) return at.span;
  return span;
}

/** The value of `run`, or null when it stopped at a fault. */
export function attempt<T>(run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof Stop) return null;
    throw error;
  }
}

export interface Found {
  readonly draft: Draft;
  readonly section: Section;
  readonly key: string;
}

/** The draft a name stands for, seen from `section`. */
export function lookup(section: Section, key: string): Found | null {
  for (let at: Section | null = section; at !== null; at = at.parent) {
    const draft = at.body.keys.get(key);
    if (draft !== undefined) {
      section.world.state.asked.add(draft);
      return { draft, section: at, key };
    }
  }
  return null;
}

/** The draft of a key of `section` itself. */
export function member(section: Section, key: string): Draft | undefined {
  const draft = section.body.keys.get(key);
  if (draft !== undefined) section.world.state.asked.add(draft);
  return draft;
}

/** Every name seen from `section`. */
export function visibleNames(section: Section): string[] {
  const names: string[] = [];
  for (let at: Section | null = section; at !== null; at = at.parent) names.push(...at.body.keys.keys());
  return names;
}

export function pathOf(section: Pick<Section, 'path'>, key: string): string {
  return section.path === '' ? key : `${section.path}.${key}`;
}

/** From now on what derives from this key stops without a word: its fault was reported. */
export function withhold(section: Section, key: string, fault: Stop = new Stop(key)): void {
  section.cache.set(`number:${key}`, fault);
}

/** @throws Stop when `key`, seen from `section`, is withheld. */
export function stopIfWithheld(section: Section, key: string): void {
  for (let at: Section | null = section; at !== null; at = at.parent) {
    const cached = at.cache.get(`number:${key}`);
    if (cached instanceof Stop) throw cached;
  }
}

/** `gqa (attn)` */
export function ownerLabel({ owner, path }: Section): string {
  const name = owner.split(' ').at(-1) ?? owner;
  return path === '' || path === name ? name : `${name} (${path})`;
}

/** Whether `key` of `section` is the number being evaluated just now. */
export function isCurrent(section: Section, key: string): boolean {
  const last = section.world.state.trail.at(-1);
  return last?.path === section.path && last.key === `number:${key}`;
}

/**
 * Evaluates `key` of `section` once, unless it depends on the layer.
 * @throws Stop, reporting `cycle` when the key is already being evaluated.
 */
export function once<T>(section: Section, key: string, span: Span, run: () => T): T {
  const cached = section.cache.get(key);
  if (cached !== undefined) {
    if (cached instanceof Stop) throw cached;
    return cached as T;
  }
  const { state } = section.world;
  const { path } = section;
  const from = state.trail.findIndex((asked) => asked.key === key && asked.path === path);
  if (from >= 0) {
    const names = [...state.trail.slice(from), { path, key }].map((asked) =>
      pathOf(asked, asked.key.replace(/^.*:/, '')),
    );
    const ring = [...new Set(names)];
    const fix = `give ${ring.length > 1 ? 'one of ' : ''}${ring.join(', ')} a value of its own`;
    fail(section, 'cycle', span, { path: names }, { fix });
  }
  const outer = state.usesLayer;
  state.usesLayer = false;
  state.trail.push({ path, key });
  try {
    const value = run();
    if (!state.usesLayer) section.cache.set(key, value);
    return value;
  } catch (error) {
    if (error instanceof Stop) section.cache.set(key, error);
    throw error;
  } finally {
    state.trail.pop();
    state.usesLayer ||= outer;
  }
}
