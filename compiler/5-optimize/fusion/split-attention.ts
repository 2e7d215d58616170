// Takes: a program. Gives: the same, attention of few queries over many keys in two steps: over parts of the keys, side by side,
// then those together (Flash-Decoding, crfm.stanford.edu/2023/10/12/flashdecoding.html).
// Promises: the same numbers but for rounding: out = sum_s e^(lse_s - m) out_s / sum_s e^(lse_s - m), m = max_s lse_s.
import { add, constant, div, exp, load, max, mul, sub, variable } from '../../3-graph/expr-build.ts';
import { operands, substitute, variablesOf } from '../../3-graph/expr/walk.ts';
import type { Expr } from '../../3-graph/expr.ts';
import type { AttentionGroup, Axis, Group, MapGroup, Program, ProgramTensor } from '../groups.ts';

const mostRows = 8;
/** Workgroups that keep a large device busy; parts that one expression puts together. */
const workgroups = 256;
const mostParts = 32;

/** `fewestKeys`: that are worth a workgroup. */
export function splitAttention(program: Program, fewestKeys = 64): Program {
  const tensors = [...program.tensors];
  const groups = program.groups.flatMap((group) => {
    const parts = group.kind === 'attention' ? partsOf(group, fewestKeys) : 1;
    return group.kind === 'attention' && parts > 1 ? inParts(group, parts, tensors) : [group];
  });
  return { ...program, tensors, groups };
}

/** 1: as it is. */
function partsOf(group: AttentionGroup, fewestKeys: number): number {
  const { batch, heads, query, key, mask, score, dropout, lseStores } = group;
  const rows = points(heads) * query.size;
  if (rows > mostRows || dropout || lseStores.length > 0 || !isOfDistance(mask) || !isOfDistance(score)) return 1;
  let parts = 1;
  const isWorth = (next: number): boolean =>
    next <= mostParts && points(batch) * next <= workgroups && key.size % next === 0 && key.size / next >= fewestKeys;
  while (isWorth(2 * parts)) parts *= 2;
  return parts;
}

/** Whether positions count by their distance alone: the parts see those of queries and keys from their own first key. */
function isOfDistance(expr: Expr): boolean {
  const names = variablesOf(expr);
  if (!names.has('query_position') && !names.has('key_position')) return true;
  if (expr.kind === 'cast') return degree(expr.x) === 0;
  if (expr.kind === 'binary' && expr.x.type === 'i32') {
    const [x, y] = [degree(expr.x), degree(expr.y)];
    return expr.type === 'bool' ? x !== null && x === y : degree(expr) === 0;
  }
  return expr.kind !== 'var' && operands(expr).every(isOfDistance);
}

/** By how much an expression grows when all positions grow by 1; null: not by the same everywhere. */
function degree(expr: Expr): number | null {
  if (expr.kind === 'var') return expr.name === 'query_position' || expr.name === 'key_position' ? 1 : 0;
  if (expr.kind === 'const') return 0;
  if (expr.kind === 'unary' && expr.fn === 'neg') return scaled(degree(expr.x), -1);
  if (expr.kind !== 'binary') return isOfDistance(expr) ? 0 : null;
  const [x, y] = [degree(expr.x), degree(expr.y)];
  if (x === null || y === null) return null;
  if (expr.fn === 'add') return x + y;
  if (expr.fn === 'sub') return x - y;
  if (expr.fn === 'min' || expr.fn === 'max') return x === y ? x : null;
  return x === 0 && y === 0 ? 0 : null;
}

const scaled = (x: number | null, by: number): number | null => (x === null ? null : x * by);

/** The new tensors are added to `tensors`. */
function inParts(group: AttentionGroup, parts: number, tensors: ProgramTensor[]): readonly Group[] {
  const { batch, heads, query, key, valueDepth } = group;
  const part: Axis = { name: freshName(group), size: parts };
  const size = key.size / parts;
  const first = mul(size, variable(part.name, 'i32'));
  const at = new Map([[key.name, add(first, variable(key.name, 'i32'))]]);
  const rows = [...batch, part, ...heads, query];
  const temporary = (name: string, dims: readonly Axis[]): number => {
    const id = tensors.length;
    tensors.push({ id, name: `${group.name}:${name}`, role: 'temporary', type: 'f32', dims });
    return id;
  };
  const [out, lse] = [temporary('parts', [...rows, valueDepth]), temporary('lse', rows)];
  const index = (axes: readonly Axis[]): Expr[] => axes.map(({ name }) => variable(name, 'i32'));
  const partial: AttentionGroup = {
    ...group,
    batch: [...batch, part],
    key: { ...key, size },
    k: substitute(group.k, at),
    v: substitute(group.v, at),
    score: substitute(group.score, at),
    offset: sub(group.offset, first),
    outStores: [{ tensor: out, index: index([...rows, valueDepth]), value: variable('out', 'f32') }],
    lseStores: [{ tensor: lse, index: index(rows), value: variable('lse', 'f32') }],
  };
  const place = (tensor: number, axes: readonly Axis[], s: number): Expr =>
    load(tensor, axes.map((axis) => (axis === part ? constant(s, 'i32') : variable(axis.name, 'i32'))), 'f32'); // prettier-ignore
  const lses = range(parts).map((s) => place(lse, rows, s));
  const top = lses.reduce((x, y) => max(x, y));
  const weights = lses.map((each) => exp(sub(each, top)));
  const outs = range(parts).map((s) => place(out, [...rows, valueDepth], s));
  const total = outs.map((each, s) => mul(weights[s] ?? 0, each)).reduce((x, y) => add(x, y));
  const whole = div(total, weights.reduce((x, y) => add(x, y))); // prettier-ignore
  const together: MapGroup = {
    kind: 'map',
    name: group.name.replace(/^attention/, 'map'),
    axes: [...batch, ...heads, query, valueDepth],
    stores: group.outStores.map((store) => ({ ...store, value: substitute(store.value, new Map([['out', whole]])) })),
  };
  return [partial, together];
}

function freshName({ batch, heads, query, key, depth, valueDepth }: AttentionGroup): string {
  const taken = new Set([...batch, ...heads, query, key, depth, valueDepth].map(({ name }) => name));
  for (let i = 0; ; i++) if (!taken.has(`part${i}`)) return `part${i}`;
}

const points = (axes: readonly Axis[]): number => axes.reduce((count, { size }) => count * size, 1);
const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);
