// Takes: the items of a file. Gives: its scopes with the names they define; what is to be resolved when all are known.
// Promises: total over faulty files; nothing is looked up yet.
import type { Span } from '../../../../grammar/source.ts';
import type { Argument, Block, Definition, Expr, Item, Path } from '../../../1-syntax/ast.ts';
import { labelOf, textOf } from '../../draft/from-items.ts';
import { NamedThing, Scope, type Member, type NameKind } from './scope.ts';

/** What waits until every scope is declared. */
export type Waiting =
  | { readonly kind: 'expression'; readonly expr: Expr; readonly scope: Scope; readonly key: string }
  | { readonly kind: 'arguments'; readonly args: readonly Argument[]; readonly scope: Scope }
  | { readonly kind: 'path'; readonly path: Path; readonly scope: Scope }
  /** `lint allow attn.heads in V` */
  | { readonly kind: 'lint'; readonly path: Path; readonly scope: Scope; readonly model: Path | null }
  /** `from Base` of a variant, `train pretrain { }` in one. */
  | { readonly kind: 'model'; readonly path: Path; readonly scope: Scope }
  | { readonly kind: 'run'; readonly role: string; readonly label: string; readonly span: Span; readonly scope: Scope }
  | { readonly kind: 'module'; readonly path: Path }
  /** A constructor with a block inside an expression: `cycle [none, rope { }]`. */
  | {
      readonly kind: 'nested';
      readonly inside: Scope;
      readonly callee: Expr;
      readonly scope: Scope;
      readonly key: string;
    };

export interface Declared {
  readonly file: Scope;
  readonly waiting: Waiting[];
  /** By the offset of `{`. */
  readonly byBrace: Map<number, Scope>;
  /** Variants and what they derive from; models and std. */
  readonly models: { readonly scope: Scope; readonly base: Path | null }[];
  readonly runs: { readonly scope: Scope; readonly model: string | null }[];
}

const parts = ['norm', 'mixer', 'ffn', 'tower'] as const;
/** Blocks that are about a model, and what their names are. */
const runs: Readonly<Record<string, NameKind>> = { train: 'train', generate: 'generate', sweep: 'local' };
/** Roles whose word is a name of its own, as `data corpus`. */
const labelled: ReadonlySet<string> = new Set(['data', 'weights', 'source', 'filter']);
/** Roles whose word is a constructor: `embed token`. */
const constructed: ReadonlySet<string> = new Set([
  'embed',
  'head',
  'schedule',
  'optimizer',
  'tokenizer',
  'pack',
  'dedup',
]);
/** Of these there may be several, each under its word. */
const several: ReadonlySet<string> = new Set(['optimizer', 'dedup']);

/** Blocks whose keys are no keys of a schema. */
const ownWords: ReadonlySet<string> = new Set(['stack', 'init']);

/** In a train block `init` says what training starts from. */
function ownerOf(key: string, scope: Scope): string | null {
  if (key === 'init' && scope.owner === 'train train') return 'start';
  return ownWords.has(key) ? key : null;
}

export function declareFile(items: readonly Item[], outer: Scope | null): Declared {
  const declared: Declared = { file: new Scope(outer), waiting: [], byBrace: new Map(), models: [], runs: [] };
  for (const item of items) topLevel(item, declared);
  return declared;
}

function topLevel(item: Item, to: Declared): void {
  const { file } = to;
  if (item.kind !== 'definition') return other(item, file, to);
  const role = textOf(item.heads[0]);
  const label = labelOf(item);
  const span = item.words[0]?.span;
  const kind = Object.hasOwn(runs, role) ? runs[role] : undefined;
  if (role === 'model' || role === 'variant') {
    const inside = new Scope(file, 'model');
    if (span !== undefined) define(file, label, 'model', span, item, inside);
    to.models.push({ scope: inside, base: item.from });
    if (item.from !== null) to.waiting.push({ kind: 'model', path: item.from, scope: file });
    declareBlock(item.block, inside, to);
  } else if (kind !== undefined) {
    const inside = new Scope(file, `${role} ${role}`);
    if (span !== undefined) define(file, `${role} ${label}`, kind, span, item, inside);
    to.runs.push({ scope: inside, model: modelOf(item.block) });
    declareBlock(item.block, inside, to);
  } else declareItem(item, file, to);
}

/** `model = Atlas` */
function modelOf(block: Block | null): string | null {
  for (const item of block?.items ?? []) {
    const isModel = item.kind === 'definition' && item.words.length === 0 && textOf(item.heads[0]) === 'model';
    if (isModel && item.value?.kind === 'name') return item.value.name;
  }
  return null;
}

function define(scope: Scope, key: string, kind: NameKind, span: Span, item: Definition, inside: Scope | null): Member {
  const known = scope.members.get(key);
  const isConstructor = item.value === null && (kind === 'norm' || kind === 'mixer' || kind === 'ffn');
  const text = key.split(' ').at(-1) ?? key;
  const member = known ?? { thing: new NamedThing(text, kind, isConstructor), inside, definition: item };
  member.thing.add(span, 'sets');
  if (known === undefined) scope.members.set(key, member);
  return member;
}

export function declareBlock(block: Block | null, scope: Scope, to: Declared): void {
  if (block === null) return;
  to.byBrace.set(block.span.start, scope);
  for (const item of block.items) {
    if (item.kind === 'definition') declareItem(item, scope, to);
    else other(item, scope, to);
  }
}

function other(item: Exclude<Item, Definition>, scope: Scope, to: Declared): void {
  if (item.kind === 'clause') {
    for (const expr of item.args) expression(expr, scope, '', to);
  } else if (item.keyword === 'use') item.words.forEach((path) => to.waiting.push({ kind: 'module', path }));
  else {
    item.words.slice(1).forEach((path) => to.waiting.push({ kind: 'lint', path, scope, model: item.scope }));
    if (item.scope !== null) to.waiting.push({ kind: 'model', path: item.scope, scope });
  }
}

function declareItem(item: Definition, scope: Scope, to: Declared): void {
  const [head] = item.heads;
  const role = head?.parts.length === 1 && item.heads.length === 1 ? (head.parts[0]?.text ?? '') : '';
  const [word] = item.words;
  // Elsewhere `block` is a key: `unmask { block = 32 }`.
  const isBlock = role === 'block' && (item.words.length > 0 || item.args !== null || scope.owner === 'model');
  if (isBlock) return declareEquations(item, scope, to);
  const part = parts.find((each) => each === role);
  if (word === undefined) return declareKeys(item, scope, to);
  if (part !== undefined) {
    const inside = new Scope(scope, part === 'tower' ? 'tower tower' : null);
    const member = define(scope, labelOf(item), part, word.span, item, inside);
    return fill(item, member.inside ?? inside, scope, labelOf(item), to);
  }
  if (Object.hasOwn(runs, role)) {
    const inside = new Scope(scope, `${role} ${role}`);
    to.waiting.push({ kind: 'run', role, label: labelOf(item), span: word.span, scope: inside });
    return declareBlock(item.block, inside, to);
  }
  const inside = new Scope(scope, role === 'stack' ? 'stack' : null);
  if (role === 'stack') {
    to.waiting.push({ kind: 'path', path: word, scope });
    return fill(item, keyed(scope, role, head?.span, item, inside), scope, role, to);
  }
  if (constructed.has(role)) {
    const key = several.has(role) ? labelOf(item) : role;
    return fill(item, keyed(scope, key, several.has(role) ? word.span : head?.span, item, inside), scope, key, to);
  }
  if (labelled.has(role)) {
    const kind = role === 'data' ? 'data' : 'local';
    const member = define(scope, `${role} ${labelOf(item)}`, kind, word.span, item, inside);
    return fill(item, member.inside ?? inside, scope, role, to);
  }
  declareKeys(item, scope, to);
}

/** A member that is a key of the schema or a local name: which of them is known when its scope's owner is. */
function keyed(scope: Scope, key: string, span: Span | undefined, item: Definition, inside: Scope): Scope {
  const member = define(scope, key, item.let ? 'local' : 'key', span ?? item.span, item, inside);
  member.inside ??= inside;
  return member.inside;
}

/** `vocab = 3`, `attn.o, mlp.down = ...`, `rope { }`, `clip norm = 1.0` */
function declareKeys(item: Definition, scope: Scope, to: Declared): void {
  for (const head of item.heads) {
    let at = scope;
    const names = [...head.parts, ...item.words.flatMap((word) => word.parts)];
    let outer = scope;
    for (const name of names) {
      outer = at;
      at = keyed(at, name.text, name.span, item, new Scope(at, ownerOf(name.text, at)));
    }
    fill(item, at, outer, names.at(-1)?.text ?? '', to);
  }
}

/** The value and block of a definition: `= gqa { }` opens `inside`. */
function fill(item: Definition, inside: Scope, scope: Scope, key: string, to: Declared): void {
  declareBlock(item.block, inside, to);
  if (item.args !== null) to.waiting.push({ kind: 'arguments', args: item.args, scope });
  if (item.value === null) return;
  if (item.value.kind !== 'construct') return expression(item.value, scope, key, to);
  expression(item.value.callee, scope, key, to);
  declareBlock(item.value.block, inside, to);
}

/** `block main(mix, norm = rms) { h = ...; y = ... }`; `block = pre_norm(attn, mlp)` is the block `main`. */
function declareEquations(item: Definition, scope: Scope, to: Declared): void {
  const inside = new Scope(scope, 'block');
  const [word] = item.words;
  const head = item.heads[0]?.span ?? item.span;
  const name = word === undefined ? 'main' : textOf(word);
  const known = scope.members.get(name);
  const member = known ?? { thing: new NamedThing(name, 'block'), inside, definition: item };
  member.thing.add(word?.span ?? head, word === undefined ? 'implicit' : 'sets');
  scope.members.set(name, member);
  for (const arg of item.args ?? []) {
    const bare = arg.value.kind === 'name' ? arg.value : null;
    const name = arg.name ?? (bare === null ? null : { text: bare.name, span: bare.span });
    if (name !== null) define(inside, name.text, 'parameter', name.span, item, null);
    if (arg.name !== null) expression(arg.value, scope, '', to);
  }
  if (item.value !== null) expression(item.value, scope, '', to);
  if (item.block === null) return;
  to.byBrace.set(item.block.span.start, inside);
  for (const line of item.block.items) {
    if (line.kind !== 'definition') continue;
    for (const head of line.heads) define(inside, textOf(head), 'equation', head.span, line, null);
    if (line.value !== null) expression(line.value, inside, '', to);
  }
}

/** Blocks inside an expression are scopes of their own. */
function expression(expr: Expr, scope: Scope, key: string, to: Declared): void {
  to.waiting.push({ kind: 'expression', expr, scope, key });
  const visit = (inner: Expr): void => {
    if (inner.kind === 'construct') {
      visit(inner.callee);
      const inside = new Scope(scope);
      to.waiting.push({ kind: 'nested', inside, callee: inner.callee, scope, key });
      declareBlock(inner.block, inside, to);
    } else if (inner.kind === 'call' || inner.kind === 'index') inner.args.forEach(({ value }) => visit(value));
    else if (inner.kind === 'list') inner.items.forEach(visit);
    else if (inner.kind === 'negate' || inner.kind === 'group') visit(inner.value);
    else if (inner.kind === 'binary') [inner.left, inner.right].forEach(visit);
  };
  visit(expr);
}
