// Takes: axes to walk and the elements touched on the way. Gives: which of the axes, the last ones, can be walked as one by fours.
// Promises: along them every element is the neighbour of the one before, or the same, or a fixed number away.
import type { Expr } from '../../../3-graph/expr.ts';
import type { Axis, Program, Store } from '../../../5-optimize/groups.ts';
import type { WasmTarget } from '../../../7-plan/plan.ts';
import { axisRuns } from '../../analysis/axis-runs.ts';
import { walk } from '../../analysis/expr-table.ts';
import type { Linear } from '../../analysis/linear.ts';
import { pointCount } from '../../analysis/touched.ts';
import { i32 } from '../code/code.ts';
import { WasmScope } from './wasm-scope.ts';

export interface WalkOrder {
  readonly outer: readonly Axis[];
  readonly inner: readonly Axis[];
}

/** `around`: axes that do not change on the way. */
export function walkOrder(axes: readonly Axis[], indices: readonly Linear[], exprs: readonly Expr[]): WalkOrder {
  const used = valuesUsed(exprs);
  for (let first = 0; first < axes.length - 1; first++) {
    const inner = axes.slice(first);
    const plain = inner.every((axis) => axis.size === 1 || !used.has(axis.name));
    if (plain && indices.every((index) => isOneRun(inner, index))) return { outer: axes.slice(0, first), inner };
  }
  return { outer: axes.slice(0, -1), inner: axes.slice(-1) };
}

function isOneRun(axes: readonly Axis[], { terms }: Linear): boolean {
  const { runs } = axisRuns(axes, terms);
  const [run, ...others] = runs;
  if (!run) return true;
  const covered = pointCount(axes.slice(run.first, run.last + 1));
  return others.length === 0 && covered === pointCount(axes);
}

/** Variables that stand in a value, or in an index in a form that is not linear. */
function valuesUsed(exprs: readonly Expr[]): ReadonlySet<string> {
  const used = new Set<string>();
  walk(exprs, (expr) => {
    if (expr.kind === 'var') used.add(expr.name);
  });
  return used;
}

/** The flat indices of all loads and stores, and what of the expressions is no index: values, and atoms of indices. */
export function accesses(
  program: Program,
  target: WasmTarget,
  axes: readonly (readonly Axis[])[],
  exprs: readonly Expr[],
  stores: readonly Store[],
): { readonly loads: readonly Linear[]; readonly stores: readonly Linear[]; readonly values: readonly Expr[] } {
  const scope = WasmScope.root(program, { address: () => i32(0), scratch: i32(0), begin: i32(0), end: i32(0) }, target);
  for (const space of axes) scope.bindAxes(space, i32(0));
  const loads: Linear[] = [];
  const values: Expr[] = [];
  const seen = new Set<Expr>();
  const inIndex = (index: Linear): Linear => {
    for (const { atom } of index.terms) if (atom.kind !== 'var') inValue(atom);
    return index;
  };
  const inValue = (expr: Expr): void => {
    if (seen.has(expr)) return;
    seen.add(expr);
    if (expr.kind === 'load') return void loads.push(inIndex(scope.flatIndex(expr.tensor, expr.index)));
    if (expr.kind === 'var') return void values.push(expr);
    if (expr.kind === 'unary' || expr.kind === 'cast') inValue(expr.x);
    if (expr.kind === 'binary') [expr.x, expr.y].forEach(inValue);
    if (expr.kind === 'select') [expr.condition, expr.yes, expr.no].forEach(inValue);
    if (expr.kind === 'random') [expr.seed, expr.counter].forEach(inValue);
  };
  for (const expr of [...exprs, ...stores.map((store) => store.value)]) inValue(expr);
  const targets = stores.map(({ tensor, index }) => inIndex(scope.flatIndex(tensor, index)));
  return { loads, stores: targets, values };
}
