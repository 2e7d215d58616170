// Takes: a row group. Gives: which way its rows are walked, in which order, and how much a workgroup takes.
// Promises: depends on the group only, so the bits of a sum do not depend on the number of threads.
import type { Axis, Program, RowGroup } from '../../../5-optimize/groups.ts';
import type { WasmTarget } from '../../../7-plan/plan.ts';
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
  if (across) return { across, axes, row, rows: acrossRows(rows), unroll: rows < 16 ? 4 : 1 };
  return { across, axes, row, rows: Math.max(1, Math.floor(ELEMENTS / length)), unroll: unrolled(group, length) };
}

const acrossRows = (rows: number): number => (rows < 16 ? Math.floor(rows / 4) * 4 : 16);

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
