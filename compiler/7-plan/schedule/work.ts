// Takes: a fused group. Gives: the floating-point operations and the bytes of memory that it asks for.
// Promises: what must be computed and moved at least, however a kernel does it: each element is read once and written once.
import { variablesOf, operands } from '../../3-graph/expr/walk.ts';
import { isFloat } from '../../3-graph/expr-build.ts';
import type { Expr } from '../../3-graph/expr.ts';
import type { AttentionGradGroup, AttentionGroup, Axis, Group, Program, Store } from '../../5-optimize/groups.ts';
import { elementCount, elementBytes } from '../storage.ts';
import { inputsOf, storesOf } from './access.ts';
import { seenPairs } from './seen-pairs.ts';

export interface Work {
  readonly flops: number;
  readonly bytes: number;
}

export function workOf(program: Program, group: Group): Work {
  return { flops: flopsOf(group), bytes: bytesOf(program, group) };
}

/**
 * Of products and attention the products alone, a multiply-add as two; of other groups every operation on floats, a function
 * such as `exp` as one.
 */
function flopsOf(group: Group): number {
  switch (group.kind) {
    case 'map':
      return points(group.axes) * operations(values(group.stores));
    case 'row': {
      const { axes, row, reductions, rowStores, elementStores } = group;
      const each = operations([...reductions.map(({ value }) => value), ...values(elementStores)]) + reductions.length;
      return points(axes) * (points(row) * each + operations(values(rowStores)));
    }
    case 'scatter': {
      const { items, axes, bins, value, stores } = group;
      return points(axes) * (points(items) * (operations([value]) + 1) + bins.size * operations(values(stores)));
    }
    case 'contract': {
      const { batch, m, n, accumulators } = group;
      const depths = accumulators.flatMap(({ terms }) => terms.map(({ k }) => points(k)));
      return 2 * points(batch) * points(m) * points(n) * sum(depths);
    }
    case 'attention':
    case 'attention_grad':
      break;
  }
  return attentionFlops(group);
}

/** Forward q k, p v; the query pass q k, dout v, ds k; the key pass q k, dout v, p dout, ds q. */
function attentionFlops(group: AttentionGroup | AttentionGradGroup): number {
  const { depth, valueDepth } = group;
  const passes = { query: [2, 1], key: [2, 2] } as const;
  const [overDepth, overValues] = group.kind === 'attention' ? [1, 1] : passes[group.pass];
  return 2 * seenPairs(group) * (overDepth * depth.size + overValues * valueDepth.size);
}

/** Distinct nodes that compute a float. */
function operations(roots: readonly Expr[]): number {
  const seen = new Set<Expr>();
  let count = 0;
  const visit = (e: Expr): void => {
    if (seen.has(e)) return;
    seen.add(e);
    if ((e.kind === 'unary' || e.kind === 'binary') && isFloat(e.type)) count++;
    for (const operand of operands(e)) visit(operand);
  };
  for (const root of roots) visit(root);
  return count;
}

function bytesOf(program: Program, group: Group): number {
  const sizes = new Map(axesOf(group).map(({ name, size }) => [name, size]));
  const stores = storesOf(group);
  const read = new Map<number, Map<string, number>>();
  for (const e of [...inputsOf(group), ...stores.flatMap(({ value, index }) => [value, ...index])])
    loads(e, sizes, read);
  const written = new Map<number, Map<string, number>>();
  for (const { tensor, index } of stores) note(tensor, index, sizes, written);
  return sum([read, written].map((touched) => sum([...touched].map(([tensor, places]) => touchedBytes(program, tensor, [...places.values()]))))); // prettier-ignore
}

/** Never more than the tensor has: places may overlap. */
function touchedBytes(program: Program, id: number, places: readonly number[]): number {
  const tensor = program.tensors[id];
  if (tensor === undefined) return 0;
  return Math.min(sum(places), elementCount(tensor)) * elementBytes(tensor);
}

function loads(e: Expr, sizes: ReadonlyMap<string, number>, into: Map<number, Map<string, number>>): void {
  if (e.kind === 'load') note(e.tensor, e.index, sizes, into);
  for (const operand of operands(e)) loads(operand, sizes, into);
}

/** How many elements an index reaches: the points of the axes that it depends on. */
function note(
  tensor: number,
  index: readonly Expr[],
  sizes: ReadonlyMap<string, number>,
  into: Map<number, Map<string, number>>,
): void {
  const names = new Map<string, Expr['type']>();
  for (const e of index) variablesOf(e, names);
  const reached = [...names.keys()].reduce((count, name) => count * (sizes.get(name) ?? 1), 1);
  const places = into.get(tensor) ?? new Map<string, number>();
  into.set(tensor, places.set(JSON.stringify(index), reached));
}

function axesOf(group: Group): readonly Axis[] {
  switch (group.kind) {
    case 'map':
      return group.axes;
    case 'row':
      return [...group.axes, ...group.row];
    case 'scatter':
      return [group.bins, ...group.axes, ...group.items];
    case 'contract': {
      const terms = group.accumulators.flatMap((accumulator) => accumulator.terms);
      return [...group.batch, ...group.m, ...group.n, ...terms.flatMap(({ k }) => k)];
    }
    case 'attention':
    case 'attention_grad':
      break;
  }
  return [...group.batch, ...group.heads, group.query, group.key, group.depth, group.valueDepth];
}

const values = (stores: readonly Store[]): readonly Expr[] => stores.map(({ value }) => value);
const points = (axes: readonly Axis[]): number => axes.reduce((count, { size }) => count * size, 1);
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
