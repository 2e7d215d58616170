// Takes: groups of a program, in order. Gives: groups where products of few rows take in what follows them, though it reads
// another of their elements too: a rotation of pairs (RoPE) reads x_i and its partner.
// Promises: the same numbers; such a product sums a column twice, once for itself and once for its partner.
import { compileExpr } from '../../3-graph/evaluate/compile-expr.ts';
import { variable } from '../../3-graph/expr-build.ts';
import { mapOperands, substitute, variablesOf } from '../../3-graph/expr/walk.ts';
import type { Expr } from '../../3-graph/expr.ts';
import { groupTensors, loadsOf } from '../group-parts.ts';
import type { Accumulator, Axis, ContractGroup, Group, MapGroup } from '../groups.ts';

/** A column is read twice: that is cheap where rows are few and a dispatch costs as much as the column. */
const mostRows = 8;
const mostPlaces = 2;
/** Columns whose places are looked through. */
const mostColumns = 1 << 16;

type Load = Extract<Expr, { kind: 'load' }>;

export function foldMaps(
  groups: readonly Group[],
  isTemporary: (tensor: number) => boolean,
  maxTensors: number,
): readonly Group[] {
  // prettier-ignore
  let folded = [...groups];
  for (const map of groups) {
    if (map.kind !== 'map') continue;
    const found = productOf(folded, map, isTemporary);
    const made = found && takeIn(found, map);
    if (!found || !made || tensorCount(made) > maxTensors) continue;
    folded = folded.flatMap((group) => (group === found ? [] : group === map ? [made] : [group]));
  }
  return folded;
}

const tensorCount = (group: Group): number => {
  const { read, written } = groupTensors(group);
  return new Set([...read, ...written]).size;
};

/** The product that `map` alone reads, if nothing that the product reads is written in between. */
function productOf(
  groups: readonly Group[],
  map: MapGroup,
  isTemporary: (tensor: number) => boolean,
): ContractGroup | null {
  // prettier-ignore
  const end = groups.indexOf(map);
  const reads = groupTensors(map).read;
  for (const [start, group] of groups.slice(0, end).entries()) {
    const [store] = group.kind === 'contract' ? group.stores : [];
    if (group.kind !== 'contract' || !store || group.stores.length > 1 || !reads.includes(store.tensor)) continue;
    const readers = groups.filter((other) => groupTensors(other).read.includes(store.tensor));
    if (readers.length > 1 || !isTemporary(store.tensor) || points(group.m) > mostRows || group.batch.length > 0) continue; // prettier-ignore
    const used = groupTensors(group).read;
    const written = groups.slice(start + 1, end).flatMap((other) => groupTensors(other).written);
    if (!written.some((tensor) => used.includes(tensor))) return group;
  }
  return null;
}

function takeIn(product: ContractGroup, map: MapGroup): ContractGroup | null {
  const [store] = product.stores;
  const [target] = map.stores;
  const { m } = product;
  if (!store || !target || map.stores.length > 1 || !isPlain(store.index, [...m, ...product.n])) return null;
  if (loadsOf([...target.index]).some(({ tensor }) => tensor === store.tensor)) return null;
  const loads = loadsOf([target.value]).filter(({ tensor }) => tensor === store.tensor);
  const places = [...new Map(loads.map((load) => [JSON.stringify(load.index), load])).values()];
  const [first] = places;
  if (!first || places.length > mostPlaces || product.n.length !== 1) return null;
  const rows = rowsOf(first, m, map);
  const n = map.axes.filter(({ name }) => !rows?.some((axis) => axis.name === name));
  const columns = product.n[0]?.size ?? 0;
  if (!rows || !places.every((place) => isAt(place, rows, n) && isWithin(place, n, columns))) return null;
  const rowNames = new Map(m.map(({ name }, i): [string, Expr] => [name, variable(rows[i]?.name ?? '', 'i32')]));
  if (hasClash(product, map)) return null;
  const accumulators: Accumulator[] = [];
  const values = new Map<string, Expr>();
  for (const [i, place] of places.entries()) {
    const at = new Map([...rowNames, [product.n[0]?.name ?? '', place.index[m.length] as Expr]]);
    const results = new Map<string, Expr>();
    for (const accumulator of product.accumulators) {
      const result = i === 0 ? accumulator.result : `${accumulator.result}_${i}`;
      const terms = accumulator.terms.map(({ k, a, b }) => ({ k, a: substitute(a, at), b: substitute(b, at) }));
      const same = accumulators.find((known) => JSON.stringify(known.terms) === JSON.stringify(terms));
      if (!same) accumulators.push({ result, terms });
      results.set(accumulator.result, variable(same?.result ?? result, 'f32'));
    }
    values.set(JSON.stringify(place.index), substitute(store.value, new Map([...at, ...results])));
  }
  const stores = [{ ...target, value: replaced(target.value, store.tensor, values) }];
  return { ...product, name: product.name, m: rows, n, accumulators, stores };
}

/** The map's axes that are rows of the product. */
function rowsOf({ index }: Load, m: readonly Axis[], { axes }: MapGroup): readonly Axis[] | null {
  const rows = m.map((axis, i) => {
    const at = index[i];
    return axes.find(({ name, size }) => at?.kind === 'var' && at.name === name && size === axis.size);
  });
  return rows.every((axis): axis is Axis => axis !== undefined) && new Set(rows).size === m.length ? rows : null;
}

/** The same row, and a column that the row does not change. */
function isAt({ index }: Load, rows: readonly Axis[], n: readonly Axis[]): boolean {
  const column = index[rows.length];
  if (!column || index.length !== rows.length + 1 || loadsOf([column]).length > 0) return false;
  return isPlain(index.slice(0, rows.length), rows) && [...variablesOf(column).keys()].every((name) => n.some((axis) => axis.name === name)); // prettier-ignore
}

/** Whether every column that is named is one: a place that a `select` leaves out would be summed all the same. */
function isWithin({ index }: Load, n: readonly Axis[], columns: number): boolean {
  const column = index.at(-1);
  if (!column || points(n) > mostColumns) return false;
  const at = compileExpr(column, { slotOf: new Map(n.map(({ name }, i) => [name, i])) });
  const slots = new Float64Array(n.length);
  for (let point = 0; point < points(n); point++) {
    let rest = point;
    for (const [i, { size }] of [...n.entries()].reverse()) {
      slots[i] = rest % size;
      rest = Math.floor(rest / size);
    }
    const found = at(slots);
    if (found < 0 || found >= columns) return false;
  }
  return true;
}

const isPlain = (index: readonly Expr[], axes: readonly Axis[]): boolean =>
  index.length === axes.length && index.every((expr, i) => expr.kind === 'var' && expr.name === axes[i]?.name);

/** Whether a name of the map means something else in the product. */
function hasClash({ accumulators }: ContractGroup, { axes }: MapGroup): boolean {
  const names = accumulators.flatMap(({ result, terms }) => [result, ...terms.flatMap(({ k }) => k.map(({ name }) => name))]); // prettier-ignore
  return axes.some(({ name }) => names.includes(name));
}

function replaced(expr: Expr, tensor: number, values: ReadonlyMap<string, Expr>): Expr {
  if (expr.kind === 'load' && expr.tensor === tensor) return values.get(JSON.stringify(expr.index)) ?? expr;
  return mapOperands(expr, (operand) => replaced(operand, tensor, values));
}

const points = (axes: readonly Axis[]): number => axes.reduce((count, { size }) => count * size, 1);
