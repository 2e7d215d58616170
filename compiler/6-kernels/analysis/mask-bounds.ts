// Takes: a mask over query and key positions. Gives: bounds on the keys some queries see, and on the queries that see some keys.
// Promises: conservative: outside the bounds no pair is seen; inside, the mask still decides.
import { add, constant, div, max, min, mul, sub } from '../../3-graph/expr-build.ts';
import type { Expr } from '../../3-graph/expr.ts';

/** Half-open, i32; constants where nothing limits it. */
export interface Range {
  readonly from: Expr;
  readonly to: Expr;
}

/** First and last position of the known side, i32, from 0 on. */
export interface Span {
  readonly first: Expr;
  readonly last: Expr;
}

/** Limits on the unknown position; an empty list is no limit. */
interface Limits {
  /** At least the greatest of these. */
  readonly from: readonly Expr[];
  /** Less than the least of these. */
  readonly to: readonly Expr[];
}

const none: Limits = { from: [], to: [] };

/** Keys in [0, size) that queries at positions `queries` may see. */
export function keyRange(mask: Expr, queries: Span, size: number): Range {
  const { from, to } = limitsOf(mask, true, { unknown: 'key_position', known: 'query_position', span: queries });
  return { from: greatest([i32(0), ...from]), to: least([i32(size), ...to]) };
}

/** Indices in [0, size) of the queries, the first at position `offset`, that may see keys at positions `keys`. */
export function queryRange(mask: Expr, keys: Span, offset: Expr, size: number): Range {
  const { from, to } = limitsOf(mask, true, { unknown: 'query_position', known: 'key_position', span: keys });
  const index = (position: Expr): Expr => sub(position, offset);
  return { from: greatest([i32(0), ...from.map(index)]), to: least([i32(size), ...to.map(index)]) };
}

const i32 = (value: number): Expr => constant(value, 'i32');
const greatest = (parts: readonly Expr[]): Expr => parts.reduce((x, y) => max(x, y));
const least = (parts: readonly Expr[]): Expr => parts.reduce((x, y) => min(x, y));

interface Question {
  readonly unknown: string;
  readonly known: string;
  readonly span: Span;
}

/** Limits where the mask is `value`. */
function limitsOf(mask: Expr, value: boolean, question: Question): Limits {
  if (mask.kind === 'const') return (mask.value !== 0) === value ? none : { from: [], to: [i32(0)] };
  if (mask.kind === 'unary' && mask.fn === 'not') return limitsOf(mask.x, !value, question);
  if (mask.kind === 'select') {
    const inside = { ...mask, kind: 'binary', fn: 'and', x: mask.condition, y: mask.yes } as const;
    const outside = limitsOf(mask.condition, false, question);
    return either(limitsOf(inside, value, question), both(outside, limitsOf(mask.no, value, question)));
  }
  if (mask.kind !== 'binary') return none;
  const { fn, x, y } = mask;
  if (fn === 'and' || fn === 'or') {
    const parts = [limitsOf(x, value, question), limitsOf(y, value, question)] as const;
    return (fn === 'and') === value ? both(...parts) : either(...parts);
  }
  if (fn === 'le') return value ? atMost(x, y, 0, question) : atMost(y, x, -1, question);
  if (fn === 'lt') return value ? atMost(x, y, -1, question) : atMost(y, x, 0, question);
  if (fn === 'eq' && value) return both(atMost(x, y, 0, question), atMost(y, x, 0, question));
  return none;
}

const both = (x: Limits, y: Limits): Limits => ({ from: [...x.from, ...y.from], to: [...x.to, ...y.to] });

/** An alternative without a limit lifts that of the other. */
function either(x: Limits, y: Limits): Limits {
  const limited = (a: readonly Expr[], b: readonly Expr[]): boolean => a.length > 0 && b.length > 0;
  return {
    from: limited(x.from, y.from) ? [min(greatest(x.from), greatest(y.from))] : [],
    to: limited(x.to, y.to) ? [max(least(x.to), least(y.to))] : [],
  };
}

/** x <= y + slack, solved for the unknown position where it stands alone or alone in a quotient. */
function atMost(x: Expr, y: Expr, slack: number, question: Question): Limits {
  const [left, right] = [formOf(x), formOf(y)];
  if (!left || !right) return none;
  const form = plus(left, right, -1);
  const terms = [...form.terms.values()];
  const [mine, ...others] = terms.filter((term) => term.of === question.unknown);
  if (!mine || others.length > 0 || Math.abs(mine.times) !== 1) return none;
  const rest = terms.filter((term) => term !== mine);
  if (rest.some((term) => term.of !== question.known)) return none;
  // mine <= slack - constant - rest, greatest over the span; or mine >= rest + constant - slack, least over it.
  if (mine.times > 0) return { from: [], to: [mul(sum(slack - form.constant + 1, rest, -1, question), mine.by)] };
  return { from: [mul(sum(form.constant - slack, rest, 1, question), mine.by)], to: [] };
}

/** start + sign * terms: with sign -1 its greatest value over the span, with sign 1 its least. */
function sum(start: number, terms: readonly FormTerm[], sign: 1 | -1, { span }: Question): Expr {
  const parts = terms.map(({ times, by }) => mul(sign * times, div(times > 0 ? span.first : span.last, by)));
  return add(parts.reduce(add, i32(0)), start);
}

/** times * (position / by), by > 0. */
interface FormTerm {
  readonly of: string;
  readonly by: number;
  readonly times: number;
}

interface Form {
  readonly constant: number;
  readonly terms: ReadonlyMap<string, FormTerm>;
}

const isPosition = (name: string): boolean => name === 'query_position' || name === 'key_position';
const single = (of: string, by: number): Form => ({ constant: 0, terms: new Map([[`${of} ${by}`, { of, by, times: 1 }]]) }); // prettier-ignore

function plus(x: Form, y: Form, factor: number): Form {
  const terms = new Map(x.terms);
  for (const [key, term] of y.terms) {
    const times = (terms.get(key)?.times ?? 0) + factor * term.times;
    if (times === 0) terms.delete(key);
    else terms.set(key, { ...term, times });
  }
  return { constant: x.constant + factor * y.constant, terms };
}

/** A sum of positions, quotients of positions by constants, and constants; null where the expression is none. */
function formOf(expr: Expr): Form | null {
  const zero: Form = { constant: 0, terms: new Map() };
  if (expr.kind === 'const') return { ...zero, constant: expr.value };
  if (expr.kind === 'var') return isPosition(expr.name) ? single(expr.name, 1) : null;
  if (expr.kind === 'unary' && expr.fn === 'neg') return scaled(formOf(expr.x), -1);
  if (expr.kind !== 'binary') return null;
  const { fn, x, y } = expr;
  if (fn === 'div')
    return y.kind === 'const' && y.value > 0 && x.kind === 'var' && isPosition(x.name) ? single(x.name, y.value) : null;
  if (fn === 'mul' && y.kind === 'const') return scaled(formOf(x), y.value);
  if (fn === 'mul' && x.kind === 'const') return scaled(formOf(y), x.value);
  if (fn !== 'add' && fn !== 'sub') return null;
  const [left, right] = [formOf(x), formOf(y)];
  return left && right && plus(left, right, fn === 'add' ? 1 : -1);
}

function scaled(form: Form | null, factor: number): Form | null {
  return form && plus({ constant: 0, terms: new Map() }, form, factor);
}
