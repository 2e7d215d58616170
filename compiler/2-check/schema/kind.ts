// Takes: a slot whose value is a constructor: `gqa { ... }`, `rms(per = head)`, `attn { ... }` (derived), a bare block.
// Gives: which constructor it is, and a section holding std's defaults, what it is derived from, and what was written.
// Promises: keys of one constructor are read by that constructor's table alone.
import type { Span } from '../../../grammar/source.ts';
import type { Expr } from '../../1-syntax/ast.ts';
import { printExpr } from '../../1-syntax/print-ast.ts';
import { emptyBody, plainDraft, type Body, type Draft } from '../draft/draft.ts';
import { draftOf } from '../draft/from-items.ts';
import { constructorHere, wordHere } from '../draft/other-names.ts';
import { overlayBody } from '../draft/overlay.ts';
import { fail, lookup, once, pathOf, sectionOf, tell, type Section } from '../evaluate/section.ts';
import { mismatch, readKeys, settle, type Keys, type KeyType, type ReadKeys, type Slot } from './key-type.ts';
import type { OwnersOf } from './unknown-key.ts';

/** One constructor of a kind. */
export interface Constructor<K extends Keys = Keys> {
  /** A sentence: what it is. */
  readonly about: string;
  /** What it computes, in the words of its keys. */
  readonly formula?: string;
  /** A paper, or a model that has it. */
  readonly source?: string;
  /** In the order of bare arguments. */
  readonly keys: K;
  /** Numbers that follow from the keys and can be asked for: `rope.mscale`. */
  readonly facts?: Readonly<Record<string, Fact>>;
}

export interface Fact {
  readonly about: string;
  /** @throws Stop */
  value(section: Section): number;
}

export type Constructors = Readonly<Record<string, Constructor>>;

/** A sum type: its constructors, each with its table of keys. */
export interface Kind<C extends Constructors = Constructors> {
  /** `mixer` */
  readonly name: string;
  /** A sentence: what it is for. */
  readonly about: string;
  readonly constructors: C;
  /** The role of named drafts that may stand in for a constructor: `mixer local = attn { ... }`. */
  readonly role?: string;
}

export interface Construct {
  readonly constructor: string;
  readonly section: Section;
  /** Names of the drafts it is, innermost first: `local`, then `attn` that it is derived from. */
  readonly chain: readonly string[];
  readonly span: Span;
}

/** A constructor and its keys, read. */
export type Built<C extends Constructors> = {
  readonly [
    N in keyof C & string
  ]: { readonly constructor: N; readonly keys: ReadKeys<C[N]['keys']>; readonly construct: Construct }; // prettier-ignore
}[keyof C & string];

/** @throws Stop */
export function construct(slot: Slot, kind: Kind): Construct {
  const { draft, section, key } = slot;
  const run = (): Construct => open(slot, kind);
  const own = section.body.keys.get(key) === draft;
  return own ? once(section, `${kind.name}:${key}`, draft.span, run) : run();
}

/** The construct with its keys read by its constructor's table. @throws Stop */
export function build<C extends Constructors>(slot: Slot, kind: Kind<C>, ownersOf: OwnersOf): Built<C> {
  const made = construct(slot, kind);
  const table = kind.constructors[made.constructor];
  const keys = readKeys(table?.keys ?? {}, made.section, ownersOf);
  return { constructor: made.constructor, keys, construct: made };
}

export function constructType<C extends Constructors>(kind: Kind<C>, ownersOf: OwnersOf): KeyType<Built<C>> {
  const article = /^[aeiou]/.test(kind.name) ? 'an' : 'a';
  const names = Object.keys(kind.constructors).join(', ');
  const expects = isPlain(kind) ? `${kind.name} { ... }` : `${article} ${kind.name} (${names})`;
  return { expects, kind: kind.name, read: (slot) => build(slot, kind, ownersOf) };
}

function open(slot: Slot, kind: Kind): Construct {
  const { section, key } = slot;
  const bodies: Body[] = [];
  const chain: string[] = [];
  const seen: Draft[] = [];
  for (let at = settle(slot, () => true); ;) {
    const { draft } = at;
    if (seen.includes(draft)) return fail(section, 'cycle', draft.span, { path: [...chain, chain[0] ?? key] });
    seen.push(draft);
    if (draft.role !== null && draft.role === kind.role) chain.push(at.key);
    bodies.unshift(draft.body ?? emptyBody);
    const callee = calleeOf(at, kind);
    if (callee.args !== null) bodies.unshift(callee.args);
    const found = lookupOther(at, callee.name, kind);
    if (found !== null) {
      at = found;
      continue;
    }
    checkConstructor(at, callee, kind, key, section);
    const std = section.world.prelude.defaults.get(`${kind.name} ${callee.name}`) ?? emptyBody;
    return close(slot, kind, callee.name, [std, ...bodies], chain);
  }
}

/** Joins the layers of defaults and settings, std first. */
function close(slot: Slot, kind: Kind, name: string, bodies: readonly Body[], chain: readonly string[]): Construct {
  const { draft, section, key } = slot;
  const model = chain[0] ?? key;
  const body = bodies.reduce((base, patch) =>
    overlayBody(base, patch, (name, { span }) => tell(section, 'let-override', span, { name, model })),
  );
  const owner = `${kind.name} ${name}`;
  const span = draft.value?.span ?? draft.span;
  const inner = sectionOf({ path: pathOf(section, key), owner, parent: section, body, span }, section.world);
  return { constructor: name, section: inner, chain, span };
}

interface Callee {
  readonly name: string;
  readonly args: Body | null;
  readonly span: Span;
}

/** A bare block is the kind's only constructor: `rope { theta = 1 }`. */
function calleeOf(slot: Slot, kind: Kind): Callee {
  const { draft } = slot;
  const { value } = draft;
  const [only = ''] = Object.keys(kind.constructors);
  if (value === null) return { name: only, args: null, span: draft.span };
  if (value.kind === 'name') return { name: value.name, args: null, span: value.span };
  if (value.kind === 'call' && value.callee.kind === 'name') {
    return { name: value.callee.name, args: argsBody(value, slot, kind), span: value.callee.span };
  }
  const words = Object.keys(kind.constructors);
  const expected = isPlain(kind) ? blockOf(kind) : `a ${kind.name}: ${words.join(', ')}`;
  return mismatch(slot, expected, words);
}

function blockOf({ name }: Kind): string {
  return `a block, \`${name} { ... }\``;
}

/** Whether the kind has one constructor of the same name: `rope { ... }`. */
function isPlain({ name, constructors }: Kind): boolean {
  const [only, more] = Object.keys(constructors);
  return only === name && more === undefined;
}

/** Arguments are keys; bare ones take the keys of the constructor in the order of its table. */
function argsBody(call: Extract<Expr, { kind: 'call' }>, slot: Slot, kind: Kind): Body {
  const { section } = slot;
  const name = printExpr(call.callee);
  const table = kind.constructors[name];
  if (table === undefined && !isDerived(name, slot, kind)) return emptyBody;
  const order = Object.keys((table ?? Object.values(kind.constructors)[0])?.keys ?? {});
  const keys = new Map<string, Draft>();
  call.args.forEach((arg, index) => {
    const key = arg.name?.text ?? order[index];
    if (key === undefined) {
      const message = `it takes ${order.length === 0 ? 'nothing' : order.join(', ')}`;
      fail(section, 'wrong-arguments', arg.span, { callee: name, message });
    }
    const draft = draftOf(arg.value, arg.name?.span ?? arg.span, section.world.report);
    keys.set(key, draft.value === null ? plainDraft(arg.value, arg.span) : draft);
  });
  return { keys, clauses: [] };
}

/** The draft a constructor's name stands for: one of the kind's role, or a plain name that is set to a constructor. */
function lookupOther(slot: Slot, name: string, kind: Kind): Slot | null {
  const { draft, section } = slot;
  for (let at: Section | null = section; at !== null; at = at.parent) {
    const found = lookup(at, name);
    if (found === null) return null;
    const fits = found.draft.role === kind.role && kind.role !== undefined && !holds(found, section, name, kind);
    const alias = found.draft.role === null && found.draft.assigned && !Object.hasOwn(kind.constructors, name);
    if (found.draft !== draft && (fits || alias)) return found;
    at = found.section;
  }
  return null;
}

/** Inside `ffn mlp = experts { expert = mlp }` the word is the constructor: no part is inside itself. */
function holds(found: Slot, { path }: Section, name: string, kind: Kind): boolean {
  const outer = pathOf(found.section, found.key);
  return Object.hasOwn(kind.constructors, name) && (path === outer || path.startsWith(`${outer}.`));
}

function isDerived(name: string, slot: Slot, kind: Kind): boolean {
  return lookupOther(slot, name, kind) !== null;
}

function checkConstructor(slot: Slot, callee: Callee, kind: Kind, key: string, section: Section): void {
  const { name, span } = callee;
  if (Object.hasOwn(kind.constructors, name)) return;
  if (isPlain(kind) && kind.role === undefined) return mismatch(slot, blockOf(kind));
  const drafts = kind.role === undefined ? [] : draftsOf(slot.section, kind.role);
  // A part called as it is written is no constructor: `optimizer adam { }`.
  const known = [...new Set([...Object.keys(kind.constructors), ...drafts])].filter((each) => each !== name);
  const near = constructorHere(name, known) ?? wordHere(name, known);
  const list = known.length === 1 ? `there is only \`${known[0] ?? ''}\`` : `there are ${known.join(', ')}`;
  const either = near === null ? list : `did you mean \`${near}\`?`;
  // `mixer attn gqa { }`
  const [first = '', second] = name.split(' ');
  const fix = second === undefined ? either : `write \`${kind.role ?? kind.name} ${first} = ${second} { ... }\``;
  fail(section, 'unknown-constructor', span, { name, kind: kind.name, key: pathOf(section, key) }, { fix });
}

function draftsOf(section: Section, role: string): string[] {
  const names: string[] = [];
  for (let at: Section | null = section; at !== null; at = at.parent) {
    for (const [name, draft] of at.body.keys) if (draft.role === role) names.push(name);
  }
  return names;
}
