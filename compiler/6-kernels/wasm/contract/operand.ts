// Takes: an operand of a product. Gives: whether it can be read where it lies, and how it is packed where not.
// Promises: a direct operand is plain f32, inside its tensor, its rows a fixed number of bytes apart, k side by side.
import { invariant } from '../../../diagnostics.ts';
import type { Expr } from '../../../3-graph/expr.ts';
import type { Axis, Program } from '../../../5-optimize/groups.ts';
import type { WasmTarget } from '../../../7-plan/plan.ts';
import { axisRuns } from '../../analysis/axis-runs.ts';
import { walk } from '../../analysis/expr-table.ts';
import type { Linear } from '../../analysis/linear.ts';
import { pointCount } from '../../analysis/touched.ts';
import { add, i32 } from '../code/code.ts';
import type { Code } from '../code/code.ts';
import { accesses } from '../scope/walk-order.ts';
import type { WasmScope } from '../scope/wasm-scope.ts';

export interface Operand {
  readonly expr: Expr;
  readonly k: readonly Axis[];
  /** Its other axes: m of an `a`, n of a `b`. */
  readonly side: readonly Axis[];
  /** Bytes from one row to the next, where it can be read as rows of k; else null. */
  readonly rowBytes: number | null;
  /** Along which axes four neighbours are read at once. */
  readonly along: 'k' | 'side';
  /** Loads of four neighbours that do not lie side by side, along k and along the other axes. */
  readonly scattered: { readonly k: number; readonly side: number };
  /** About how many cycles an element takes to pack. */
  readonly cost: number;
}

export const isPacked = ({ rowBytes }: Operand): boolean => rowBytes === null;

/** Functions of many instructions. */
const DEAR: ReadonlySet<string> = new Set(['exp', 'log', 'tanh', 'sigmoid', 'erf', 'sin', 'cos', 'pow', 'mod']);

export class OperandAnalysis {
  private readonly program: Program;
  private readonly target: WasmTarget;
  private readonly batch: readonly Axis[];

  constructor(program: Program, target: WasmTarget, batch: readonly Axis[]) {
    this.program = program;
    this.target = target;
    this.batch = batch;
  }

  /** `packed`: along which axes its elements lie side by side once packed. */
  operand(expr: Expr, k: readonly Axis[], side: readonly Axis[], packed: Operand['along']): Operand {
    const { loads } = accesses(this.program, this.target, [this.batch, side, k], [expr], []);
    const apart = (axes: readonly Axis[]): number => loads.filter((index) => neighbours(axes, index) === 'apart').length; // prettier-ignore
    const scattered = { k: apart(k), side: apart(side) };
    const along = scattered.k === scattered.side ? packed : scattered.k < scattered.side ? 'k' : 'side';
    const rowBytes = this.rowBytes(expr, loads, k, side);
    return { expr, k, side, rowBytes, along, scattered, cost: costOf(expr) + 2 * Math.min(scattered.k, scattered.side) }; // prettier-ignore
  }

  private rowBytes(expr: Expr, loads: readonly Linear[], k: readonly Axis[], side: readonly Axis[]): number | null {
    const [index] = loads;
    if (expr.kind !== 'load' || !index) return null;
    const tensor = this.program.tensors.find(({ id }) => id === expr.tensor);
    if (tensor?.type !== 'f32' || !staysInside(index, [...this.batch, ...side, ...k], pointCount(tensor.dims))) return null; // prettier-ignore
    if (pointCount(k) > 1 && stride(k, index) !== 1) return null;
    const rows = stride(side, index);
    return rows === null || rows < 0 ? null : 4 * rows;
  }
}

/** Elements from one point of the axes to the next, where that is one number. */
function stride(axes: readonly Axis[], { terms }: Linear): number | null {
  const [run, ...others] = axisRuns(axes, terms).runs;
  if (!run) return 0;
  const covered = pointCount(axes.slice(run.first, run.last + 1));
  return others.length === 0 && covered === pointCount(axes) ? run.coefficient : null;
}

function staysInside({ constant, terms }: Linear, axes: readonly Axis[], size: number): boolean {
  let [least, greatest] = [constant, constant];
  for (const { atom, coefficient } of terms) {
    const axis = atom.kind === 'var' ? axes.find(({ name }) => name === atom.name) : undefined;
    if (!axis) return false;
    if (coefficient > 0) greatest += coefficient * (axis.size - 1);
    else least += coefficient * (axis.size - 1);
  }
  return least >= 0 && greatest < size;
}

/** How four neighbours along the axes lie: as the scope loads them. */
export function neighbours(axes: readonly Axis[], { terms }: Linear): 'same' | 'row' | 'apart' {
  const { runs, others } = axisRuns(axes, terms);
  const names = new Set(axes.map(({ name }) => name));
  const atoms = others.map(({ atom }) => atom);
  let [step, apart] = [0, false];
  walk(atoms, (atom) => {
    apart ||= atom.kind === 'var' && names.has(atom.name);
  });
  for (const { first, last, coefficient } of runs) {
    const [inner, outer] = [pointCount(axes.slice(last + 1)), pointCount(axes.slice(0, first))];
    const size = pointCount(axes.slice(first, last + 1));
    if (inner === 1 && (outer === 1 || size % 4 === 0)) step += coefficient;
    else apart ||= inner === 1 || inner % 4 !== 0;
  }
  if (apart) return 'apart';
  return step === 0 ? 'same' : step === 1 ? 'row' : 'apart';
}

function costOf(expr: Expr): number {
  let cost = 0.5;
  walk([expr], (one) => {
    const dear = (one.kind === 'unary' || one.kind === 'binary') && DEAR.has(one.fn);
    cost += dear || one.kind === 'random' ? 6 : one.type === 'f32' ? 0.25 : 0;
  });
  return cost;
}

/** Rows of f32 along k, `bytes` apart. */
export interface Rows {
  readonly address: Code;
  readonly bytes: number;
}

/** From one row and step of k on; in a scope that knows the batch axes. */
export function directRows(scope: WasmScope, operand: Operand, row: Code, step: Code): Rows | null {
  const { expr, side, k, rowBytes } = operand;
  if (rowBytes === null || expr.kind !== 'load') return null;
  let address: Code = i32(0);
  scope.block((inner) => {
    inner.bindAxes(side, row);
    inner.bindAxes(k, step);
    const place = inner.place(expr.tensor, expr.index, 'load');
    invariant(place.kind === 'one', 'one element');
    address = inner.let(add(place.cell.address, i32(place.cell.offset)), 'rows');
  });
  return { address, bytes: rowBytes };
}
