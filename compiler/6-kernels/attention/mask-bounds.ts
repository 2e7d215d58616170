// Takes: a mask over query and key positions. Gives: bounds on the keys a query sees, and on the queries a key is seen by.
// Promises: conservative: outside the bounds no pair is seen; inside, the mask still decides.
import type { Expr } from '../../3-graph/expr.ts';

/** Half-open range of WGSL i32 texts. */
export interface Range {
  readonly from: string;
  readonly to: string;
}

interface Bounds {
  /** key <= query + upper */
  readonly upper: number | null;
  /** key >= query + lower */
  readonly lower: number | null;
  /** key and query lie in one chunk of this size. */
  readonly chunk: number | null;
}

/** Keys in [0, size) that the query at position `query` may see. */
export function keyRange(mask: Expr, query: string, size: number): Range {
  const { upper, lower, chunk } = boundsOf(mask);
  const from = ['0', ...shifted(query, lower, 0), ...(chunk === null ? [] : [`${query} / ${chunk} * ${chunk}`])];
  const to = [String(size), ...shifted(query, upper, 1), ...(chunk === null ? [] : [`${query} / ${chunk} * ${chunk} + ${chunk}`])]; // prettier-ignore
  return { from: nested('max', from), to: nested('min', to) };
}

/** Indices in [0, size) of the queries, the first at position `offset`, that may see the key at position `key`. */
export function queryRange(mask: Expr, key: string, offset: string, size: number): Range {
  const { upper, lower, chunk } = boundsOf(mask);
  const first = upper === null ? [] : [`${key} - ${offset} - ${upper}`];
  const last = lower === null ? [] : [`${key} - ${offset} - ${lower} + 1`];
  const start = chunk === null ? [] : [`${key} / ${chunk} * ${chunk} - ${offset}`];
  const end = chunk === null ? [] : [`${key} / ${chunk} * ${chunk} + ${chunk} - ${offset}`];
  return { from: nested('max', ['0', ...first, ...start]), to: nested('min', [String(size), ...last, ...end]) };
}

const shifted = (query: string, by: number | null, more: number): string[] =>
  by === null ? [] : [`${query} + ${by + more}`];

const nested = (fn: string, parts: readonly string[]): string =>
  parts.slice(1).reduce((text, part) => `${fn}(${text}, ${part})`, parts[0] ?? '0');

function boundsOf(mask: Expr): Bounds {
  if (mask.kind !== 'binary') return { upper: null, lower: null, chunk: null };
  if (mask.fn === 'and') {
    const [x, y] = [boundsOf(mask.x), boundsOf(mask.y)];
    return {
      upper: tighter(x.upper, y.upper, Math.min),
      lower: tighter(x.lower, y.lower, Math.max),
      chunk: tighter(x.chunk, y.chunk, Math.min),
    };
  }
  if (mask.fn === 'eq') return { upper: null, lower: null, chunk: chunkOf(mask.x, mask.y) };
  const [x, y] = [affine(mask.x), affine(mask.y)];
  const isOrder = mask.fn === 'le' || mask.fn === 'lt';
  if (!isOrder || x === null || y === null || x.of === y.of) return { upper: null, lower: null, chunk: null };
  const strict = mask.fn === 'lt' ? 1 : 0;
  return x.of === 'key_position'
    ? { upper: y.plus - x.plus - strict, lower: null, chunk: null }
    : { upper: null, lower: x.plus - y.plus + strict, chunk: null };
}

function tighter(x: number | null, y: number | null, pick: (x: number, y: number) => number): number | null {
  return x === null || y === null ? (x ?? y) : pick(x, y);
}

/** position + constant */
function affine(expr: Expr): { readonly of: string; readonly plus: number } | null {
  if (expr.kind === 'var') return isPosition(expr.name) ? { of: expr.name, plus: 0 } : null;
  if (expr.kind !== 'binary' || (expr.fn !== 'add' && expr.fn !== 'sub')) return null;
  const [x, y] = [affine(expr.x), affine(expr.y)];
  if (x !== null && expr.y.kind === 'const') return { of: x.of, plus: x.plus + (expr.fn === 'add' ? 1 : -1) * expr.y.value }; // prettier-ignore
  if (y !== null && expr.x.kind === 'const' && expr.fn === 'add') return { of: y.of, plus: y.plus + expr.x.value };
  return null;
}

const isPosition = (name: string): boolean => name === 'query_position' || name === 'key_position';

/** key / size == query / size, in either order. */
function chunkOf(x: Expr, y: Expr): number | null {
  const [a, b] = [quotient(x), quotient(y)];
  return a !== null && b !== null && a.of !== b.of && a.by === b.by ? a.by : null;
}

function quotient(expr: Expr): { readonly of: string; readonly by: number } | null {
  const isQuotient = expr.kind === 'binary' && expr.fn === 'div' && expr.y.kind === 'const' && expr.x.kind === 'var';
  if (!isQuotient || !isPosition(expr.x.name)) return null;
  return { of: expr.x.name, by: expr.y.value };
}
