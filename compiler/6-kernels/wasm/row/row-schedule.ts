// Takes: a row group. Gives: which way its rows are walked, in which order, and how much a workgroup takes.
// Promises: the order in which a row is added up depends on the group only, not on the number of threads.
import type { Axis, Program, RowGroup } from '../../../5-optimize/groups.ts';
import type { WasmTarget } from '../../../7-plan/plan.ts';
import type { Expr } from '../../../3-graph/expr.ts';
import { walk } from '../../analysis/expr-table.ts';
import type { Linear } from '../../analysis/linear.ts';
import { pointCount } from '../../analysis/touched.ts';
import { accesses } from '../scope/walk-order.ts';

export interface RowSchedule {
  /** Lanes are neighbouring rows; else they are neighbouring elements of one row. */
  readonly across: boolean;
  /** The axes of the group, those of neighbours in memory last. */
  readonly axes: readonly Axis[];
  readonly row: readonly Axis[];
  /** Rows of a workgroup. */
  readonly rows: number;
  /** Vectors of elements in one turn of a reduction's loop, each with an accumulator of its own. */
  readonly unroll: number;
}

/** Elements of a workgroup: some microseconds of work. */
const ELEMENTS = 4096;

export function rowSchedule(program: Program, group: RowGroup, target: WasmTarget): RowSchedule {
  const [rows, length] = [pointCount(group.axes), pointCount(group.row)];
  const values = group.reductions.map(({ value }) => value);
  const { loads } = accesses(program, target, [group.axes, group.row], values, []);
  const across = rows >= 4 && (length < 4 || votesFor(group.axes, loads) > votesFor(group.row, loads));
  const [axes, row] = [memoryOrder(group.axes, loads), memoryOrder(group.row, loads)];
  const shape = { across, axes, row };
  if (across) return { ...shape, rows: acrossRows(rows, sizeOf(values), target), unroll: rows < 16 ? 4 : 1 };
  return { ...shape, rows: Math.max(1, Math.floor(ELEMENTS / length)), unroll: unrolled(group, length) };
}

/** Number of operations. */
function sizeOf(exprs: readonly Expr[]): number {
  let size = 0;
  walk(exprs, ({ kind }) => void (size += kind === 'var' || kind === 'const' ? 0 : 1));
  return size;
}

/**
 * Two lines of the cache, of each element of the row. Sums of 16384 x 768: 3.8 ms by 16 columns, 2.8 by 32, 1.8 by 64; dot
 * products of the columns of two: 9.7, 4.8, 5.6; of 16384 x 128: 0.48, 0.37, 0.51.
 */
function acrossRows(rows: number, size: number, target: WasmTarget): number {
  if (rows < 16) return Math.floor(rows / 4) * 4;
  return size > 12 || rows / target.threads < 32 ? 16 : 32;
}

/** A sum waits 4 cycles for the one before it; a function takes longer than that anyway. */
function unrolled(group: RowGroup, length: number): number {
  let functions = 0;
  walk(group.reductions.map(({ value }) => value), (expr) => void (functions += expr.kind === 'unary' ? 1 : 0)); // prettier-ignore
  const most = functions === 0 && group.reductions.length <= 2 ? 4 : 2;
  return Math.min(most, Math.max(1, 2 ** Math.floor(Math.log2(length / 8))));
}

const coefficientOf = ({ name }: Axis, { terms }: Linear): number =>
  terms.find(({ atom }) => atom.kind === 'var' && atom.name === name)?.coefficient ?? 0;

const votesFor = (axes: readonly Axis[], loads: readonly Linear[]): number =>
  loads.filter((load) => axes.some((axis) => axis.size > 1 && coefficientOf(axis, load) === 1)).length;

/** Any order is a right one: that of the load which moves along most of the axes. */
function memoryOrder(axes: readonly Axis[], loads: readonly Linear[]): readonly Axis[] {
  const moved = (load: Linear): number => axes.filter((axis) => coefficientOf(axis, load) > 0).length;
  const [first] = loads.toSorted((a, b) => moved(b) - moved(a));
  return first ? axes.toSorted((a, b) => coefficientOf(b, first) - coefficientOf(a, first)) : axes;
}
