// Takes: a text, finished or not, an offset, and the names of the file. Gives: what can be written there.
// Promises: total: any text, any offset; nothing in comments and strings; only tokens before the offset decide.
import { infos, rules, warnings } from '../../../messages.ts';
import { cursorAt, type Cursor } from '../cursor.ts';
import type { Scope } from '../names/scope.ts';
import type { Symbols } from '../names/symbols.ts';
import { keyOf, kindNamed, kindOfKey } from '../schema-view.ts';
import { unitWords } from '../words.ts';
import { candidate, constructorCandidates, keyCandidates, nameCandidate, type Candidate } from './candidate.ts';
import { itemStarts, parts } from './item-start.ts';
import {
  argumentCandidates,
  functions,
  listCandidates,
  models,
  names,
  unique,
  valueCandidates,
  type ValueOf,
} from './values.ts';

export interface Completion {
  /** Where the text starts that a candidate takes the place of. */
  readonly start: number;
  readonly candidates: readonly Candidate[];
}

/** `reread`: the names of another text, for when this one is too broken to have the block. */
export function completeAt(
  text: string,
  offset: number,
  symbols: Symbols,
  reread: (text: string) => Symbols,
): Completion {
  const cursor = cursorAt(text, offset);
  const { prefix, start } = cursor;
  if (cursor.quiet) return { start, candidates: [] };
  const digits = /^\d[\d_.]*(?:[eE][+-]?\d*)?/.exec(prefix)?.[0];
  if (digits !== undefined) return { start: start + digits.length, candidates: units() };
  const brace = cursor.braces.at(-1);
  let at = symbols;
  let scope = brace === undefined ? symbols.file : symbols.scopeAt(brace);
  if (scope === null) {
    // Without the item that is being written.
    at = reread(text.slice(0, cursor.itemStart) + ' '.repeat(offset - cursor.itemStart) + text.slice(offset));
    scope = brace === undefined ? at.file : at.scopeAt(brace);
  }
  return { start, candidates: scope === null ? [] : unique(candidatesFor(cursor, scope, at)) };
}

function units(): Candidate[] {
  return Object.entries(unitWords).map(([unit, about]) => candidate(unit, 'unit', 0, { detail: about }));
}

function candidatesFor(cursor: Cursor, scope: Scope, symbols: Symbols): Candidate[] {
  const { item } = cursor;
  const images = item.map(({ image }) => image);
  const [bracket] = cursor.brackets.slice(-1);
  const assign = images.findIndex((image, index) => image === '=' && !insideBrackets(images, index));
  const isValue = assign >= 0 || bracket !== undefined || clauses.has(images[0] ?? '');
  if (images.at(-1) === '.') return afterDot(images, isValue, scope, symbols);
  const head = assign < 0 ? images : images.slice(0, assign);
  const at = valueOf(head, scope, symbols, images.length === assign + 1);
  if (bracket !== undefined) return inBracket(images, bracket, at);
  if (assign >= 0) return awaitsOperand(images) ? valueCandidates(at) : [];
  return inHead(images, scope, symbols, (key) => isBeingWritten(scope, key, cursor.start));
}

function insideBrackets(images: readonly string[], index: number): boolean {
  let depth = 0;
  for (const image of images.slice(0, index)) {
    if (image === '(' || image === '[' || image === '{') depth++;
    if (image === ')' || image === ']' || image === '}') depth--;
  }
  return depth > 0;
}

/** The key at the cursor is not one that is set already. */
function isBeingWritten(scope: Scope, key: string, start: number): boolean {
  const member = scope.members.get(key);
  return member?.thing.occurrences.some(({ span }) => span.start === start) ?? false;
}

/** Behind an operator, `=`, or an opening bracket a value follows. */
function awaitsOperand(images: readonly string[]): boolean {
  const last = images.at(-1) ?? '';
  return !/^[\w")\]}]/.test(last) || /^(until|then|in)$/.test(last);
}

function valueOf(head: readonly string[], scope: Scope, symbols: Symbols, first: boolean): ValueOf {
  const path = head.filter((image) => /^\w/.test(image) && image !== 'let');
  const dotted = head.includes('.');
  const role = !dotted && path.length > 1 && !head.includes(',') ? (path[0] ?? '') : '';
  const key = path.at(-1) ?? '';
  const inner = dotted ? path.slice(0, -1).reduce<Scope | null>((at, name) => at?.member(name)?.inside ?? null, scope) : null; // prettier-ignore
  const shorthand = role !== '' && kindNamed(role) !== null && keyOf(`${role} ${role}`, key) !== null;
  const home = inner ?? (shorthand ? (scope.member(role)?.inside ?? scope) : scope);
  return { scope: home, file: symbols.file, wiring: symbols.std.root, role: shorthand ? '' : role, key, first };
}

function inBracket(images: readonly string[], bracket: number, at: ValueOf): Candidate[] {
  const since = images.slice(bracket + 1);
  const last = since.slice(since.lastIndexOf(',') + 1);
  if (!awaitsOperand(images) && last.length > 0) return [];
  if (images[bracket] === '[') return listCandidates(at);
  const callee = images[bracket - 1] ?? '';
  const argument = last[1] === '=' ? (last[0] ?? null) : null;
  const clear = argument === null && last.length > 0;
  return clear ? [...names(at.scope, at.file), ...functions()] : argumentCandidates(at, callee, argument);
}

/** `attn.rope.` as a key, `Atlas.` or `moe.` in a value, `std.` behind `use`. */
function afterDot(images: readonly string[], isValue: boolean, scope: Scope, symbols: Symbols): Candidate[] {
  const path: string[] = [];
  for (let index = images.length - 1; index > 0 && images[index] === '.'; index -= 2)
    path.unshift(images[index - 1] ?? '');
  if (images[0] === 'use') return modules(symbols, 'std.'.length);
  const [first = '', ...rest] = path;
  const found = isValue ? scope.find(first) : (scope.member(first) ?? scope.find(first));
  const inside = rest.reduce<Scope | null>((at, name) => at?.member(name)?.inside ?? null, found?.inside ?? null);
  if (inside === null) return [];
  const standard = inside.owner === 'model' ? symbols.std.model : null;
  const keys = keyCandidates(inside, standard, () => true);
  const shape = (each: Candidate): Candidate => (isValue ? { ...each, insert: each.label, snippet: each.label } : each);
  const facts = isValue && found?.thing.root.kind === 'model' ? ['params', 'active_params'].map((name) => candidate(name, 'value', 0)) : []; // prettier-ignore
  const locals = [...inside.members].filter(([name, { thing }]) => thing.root.kind === 'local' && !name.includes(' '));
  if (scope.owner === 'init' && !isValue) return projections(inside, found?.thing.root.kind ?? '');
  return [...facts, ...keys.map(shape), ...locals.map(([name, member]) => nameCandidate(name, member, 1))];
}

/** Targets of init inside a part: its linear maps, which are those that may have a bias. */
function projections({ owner }: Scope, kind: string): Candidate[] {
  const words = keyOf(owner, 'bias')?.words?.filter((word) => !/^(none|all|true|false|qkv)$/.test(word)) ?? [];
  const usual = kind === 'mixer' ? ['q', 'k', 'v', 'o'] : ['gate', 'up', 'down'];
  return (words.length > 0 ? words : usual).map((name) => candidate(name, 'key', 0, { snippet: `${name} = $0` }));
}

/** `skip`: what stands there already. */
function modules({ std }: Symbols, skip = 0): Candidate[] {
  return [...std.modules.keys()].map((name) => candidate(name.slice(skip), 'module', 0));
}

const clauses: ReadonlySet<string> = new Set(['cycle', 'each', 'at', 'assert', 'require', 'report']);

function inHead(
  images: readonly string[],
  scope: Scope,
  symbols: Symbols,
  isOpen: (key: string) => boolean,
): Candidate[] {
  const { file, std } = symbols;
  const [first, second, third] = images;
  if (first === undefined || (first === 'let' && second === undefined)) {
    return first === undefined ? itemStarts(scope, file, std.model, isOpen) : [];
  }
  if (first === 'use') return [candidate('std', 'module', 0), ...modules(symbols)];
  if (first === 'lint') return lints(images, symbols);
  if (clauses.has(first)) return awaitsOperand(images) || second === undefined ? [...names(scope, file), ...models(file)] : []; // prettier-ignore
  if (images.at(-1) === ',') return keyCandidates(scope, null, isOpen).map((each) => ({ ...each, insert: each.label, snippet: each.label })); // prettier-ignore
  if (first === 'variant' && second !== undefined) return third === undefined ? [candidate('from', 'keyword', 0, { snippet: 'from $0' })] : third === 'from' ? models(file) : []; // prettier-ignore
  if (second !== undefined) return [];
  if (first === 'stack') return [candidate('n_layers', 'value', 0)];
  if (first === 'mixer' || first === 'ffn') return parts(scope, 0, new RegExp(`^${first}$`));
  const kind = kindNamed(first) ?? kindOfKey(scope.owner, '', first);
  if (kind === null) return [];
  const [only, more] = Object.keys(kind.constructors);
  if (only === undefined || more !== undefined || kind.role !== undefined) return constructorCandidates(kind, 'block');
  // `clip norm = 1.0`
  if (only === first && scope.owner !== null) return Object.entries(kind.constructors[only]?.keys ?? {}).filter(([, { about }]) => about !== 'not built yet').map(([key, { about, expects }]) => candidate(key, 'key', 0, { detail: expects, about, snippet: `${key} = $0` })); // prettier-ignore
  return constructorCandidates(kind, 'block');
}

/** `lint allow W8, cycle_tail in Small` */
function lints(images: readonly string[], symbols: Symbols): Candidate[] {
  const last = images.at(-1);
  if (images.length === 1) return [candidate('allow', 'keyword', 0, { snippet: 'allow $0' })];
  if (last === 'in') return models(symbols.file);
  const ids = rules as Readonly<Record<string, string>>;
  const codes = [...Object.keys(warnings), ...Object.keys(infos)];
  const known = codes.map((code) => candidate(code.replaceAll('-', '_'), 'word', 0, { detail: ids[code] ?? '' }));
  return last === 'allow' || last === ',' ? known : [candidate('in', 'keyword', 0, { snippet: 'in $0' })];
}
