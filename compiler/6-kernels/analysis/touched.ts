// Takes: the expressions and stores of a group. Gives: the tensors it reads and writes, and its sizes.
// Promises: each tensor once, in the order of first use: loads of the expressions, then of the stores, then targets.
import type { Expr } from '../../3-graph/expr.ts';
import type { Axis, Store } from '../../5-optimize/groups.ts';
import { walk } from './expr-table.ts';

/** Tensors loaded by `exprs`. */
export function loadedTensors(exprs: readonly Expr[]): Set<number> {
  const found = new Set<number>();
  walk(exprs, (expr) => {
    if (expr.kind === 'load') found.add(expr.tensor);
  });
  return found;
}

export function storeExprs(stores: readonly Store[]): readonly Expr[] {
  return stores.flatMap((store) => [...store.index, store.value]);
}

/** For `KernelPart.tensors`. */
export function touchedTensors(exprs: readonly Expr[], stores: readonly Store[]): readonly number[] {
  const loaded = loadedTensors([...exprs, ...storeExprs(stores)]);
  return [...new Set([...loaded, ...stores.map((store) => store.tensor)])];
}

/** Number of points. */
export function pointCount(axes: readonly Axis[]): number {
  return axes.reduce((count, axis) => count * axis.size, 1);
}
