// Takes: groups of a program, in order. Gives: groups where products of few rows take in the norm of what they read.
// Promises: the same numbers but for rounding: sum_k (x_k g_k f) w_k = f sum_k (x_k g_k) w_k, where f depends on sum_k x_k^2
// alone, which the product sums beside its own.
import { constant, mul, variable } from '../../3-graph/expr-build.ts';
import type { Expr } from '../../3-graph/expr.ts';
import { substitute, variablesOf } from '../../3-graph/expr/walk.ts';
import { groupLoads, groupTensors, loadsOf } from '../group-parts.ts';
import type { Accumulator, Axis, ContractGroup, Group, RowGroup } from '../groups.ts';

/** Each workgroup of a product sums the row again: that is cheap for a few rows only. */
const mostRows = 8;

/** A row group that scales every element of a row by what a sum over the row says. */
interface Norm {
  readonly group: RowGroup;
  readonly at: number;
  readonly tensor: number;
  readonly sum: { readonly result: string; readonly value: Expr };
  /** Of the element; of the sum. */
  readonly element: Expr;
  readonly factor: Expr;
}

export function foldNorms(
  groups: readonly Group[],
  isTemporary: (tensor: number) => boolean,
  maxTensors: number,
): readonly Group[] {
  let folded = [...groups];
  for (const group of groups) {
    if (group.kind !== 'row') continue;
    const norm = normOf(group, folded.indexOf(group), isTemporary);
    if (norm !== null) folded = withoutNorm(folded, norm, maxTensors) ?? folded;
  }
  return folded;
}

function normOf(group: RowGroup, at: number, isTemporary: (tensor: number) => boolean): Norm | null {
  const { axes, row, reductions, rowStores, elementStores } = group;
  const [sum] = reductions;
  const [store] = elementStores;
  if (!sum || !store || reductions.length > 1 || elementStores.length > 1 || rowStores.length > 0) return null;
  if (sum.fn !== 'sum' || !isTemporary(store.tensor) || store.value.type !== 'f32') return null;
  const names = [...axes, ...row].map(({ name }) => name);
  const isPlain = store.index.length === names.length && store.index.every((index, i) => index.kind === 'var' && index.name === names[i]); // prettier-ignore
  if (!isPlain || points(axes) > mostRows) return null;
  const factors = factorsOf(store.value);
  const isOfSum = (expr: Expr): boolean => variablesOf(expr).has(sum.result);
  const isOfRow = (expr: Expr): boolean => row.some(({ name }) => variablesOf(expr).has(name));
  if (factors.some((factor) => isOfSum(factor) && isOfRow(factor))) return null;
  const product = (some: readonly Expr[]): Expr => some.reduce((all, each) => mul(all, each), constant(1));
  const [element, factor] = [product(factors.filter((each) => !isOfSum(each))), product(factors.filter(isOfSum))];
  return { group, at, tensor: store.tensor, sum, element, factor };
}

function factorsOf(expr: Expr): readonly Expr[] {
  return expr.kind === 'binary' && expr.fn === 'mul' ? [...factorsOf(expr.x), ...factorsOf(expr.y)] : [expr];
}

/** Null where someone reads the norm who cannot take it in. */
function withoutNorm(groups: readonly Group[], norm: Norm, maxTensors: number): Group[] | null {
  const read = groupTensors(norm.group).read;
  const made: Group[] = [];
  let last = norm.at;
  for (const [at, group] of groups.entries()) {
    const isReader = groupTensors(group).read.includes(norm.tensor);
    const taken = !isReader ? group : group.kind === 'contract' ? takeIn(group, norm) : null;
    if (taken === null) return null;
    if (isReader) last = at;
    if (isReader && new Set([...groupTensors(taken).read, ...groupTensors(taken).written]).size > maxTensors)
      return null;
    if (at !== norm.at) made.push(taken);
  }
  // What the norm reads is read later now.
  const between = groups.slice(norm.at + 1, last + 1);
  return between.some((group) => groupTensors(group).written.some((tensor) => read.includes(tensor))) ? null : made;
}

function takeIn(group: ContractGroup, norm: Norm): ContractGroup | null {
  const isNorm = (expr: Expr): expr is Extract<Expr, { kind: 'load' }> =>
    expr.kind === 'load' && expr.tensor === norm.tensor;
  const { operands, pointwise } = groupLoads(group);
  const loads = operands.filter(({ tensor }) => tensor === norm.tensor);
  const [first] = loads;
  const { axes, row } = norm.group;
  if (!first || pointwise.some(({ tensor }) => tensor === norm.tensor)) return null;
  if (!loads.every((load) => JSON.stringify(load.index) === JSON.stringify(first.index))) return null;
  const places = new Map(
    [...axes, ...row].map(({ name }, i): [string, Expr] => [name, first.index[i] ?? constant(0, 'i32')]),
  );
  const [result, value] = [freshName(group), substitute(norm.sum.value, places)];
  const element = substitute(norm.element, places);
  const factor = substitute(norm.factor, new Map([...places, [norm.sum.result, variable(result, 'f32')]]));
  const scaled = new Map<string, Expr>();
  let k: readonly Axis[] | null = null;
  const accumulators: Accumulator[] = [];
  for (const accumulator of group.accumulators) {
    const isOf = accumulator.terms.map(({ a }) => isNorm(a));
    const uses = accumulator.terms.some(({ a, b }) => usesTensor(a, norm.tensor) || usesTensor(b, norm.tensor));
    if (uses && !isOf.every(Boolean)) return null;
    if (uses) scaled.set(accumulator.result, mul(variable(accumulator.result, 'f32'), factor));
    for (const term of uses ? accumulator.terms : []) k = term.k;
    accumulators.push(uses ? { ...accumulator, terms: accumulator.terms.map((term) => ({ ...term, a: element })) } : accumulator); // prettier-ignore
  }
  if (k === null || !isWholeRow(first.index.slice(axes.length), row, k)) return null;
  const sum = { result, terms: [{ k, a: value, b: constant(1) }] };
  const stores = group.stores.map((store) => ({ ...store, value: substitute(store.value, scaled) }));
  return { ...group, accumulators: [...accumulators, sum], stores };
}

/** The steps of the sum are the elements of the row, one by one. */
function isWholeRow(index: readonly Expr[], row: readonly Axis[], k: readonly Axis[]): boolean {
  return k.length === row.length && index.every((expr, i) => expr.kind === 'var' && expr.name === k[i]?.name && row[i]?.size === k[i]?.size); // prettier-ignore
}

function usesTensor(expr: Expr, tensor: number): boolean {
  return loadsOf([expr]).some((load) => load.tensor === tensor);
}

function freshName({ batch, m, n, accumulators }: ContractGroup): string {
  const taken = new Set([...batch, ...m, ...n, ...accumulators.flatMap(({ terms }) => terms.flatMap(({ k }) => k))].map(({ name }) => name)); // prettier-ignore
  for (const { result } of accumulators) taken.add(result);
  for (let i = accumulators.length; ; i++) if (!taken.has(`acc${i}`)) return `acc${i}`;
}

const points = (axes: readonly Axis[]): number => axes.reduce((count, { size }) => count * size, 1);
