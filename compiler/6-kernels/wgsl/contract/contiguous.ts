// Takes: an operand and the axes it may be walked along. Gives: whether that walks memory.
// Promises: a function of the tensors' layouts alone.
import type { Expr } from '../../../3-graph/expr.ts';
import type { Axis } from '../../../5-optimize/groups.ts';
import { walk } from '../../analysis/expr-table.ts';
import type { WgslScope } from '../wgsl-scope.ts';

/** Whether some load of the expression finds its neighbours along the last of `axes` side by side. */
export function contiguous(scope: WgslScope, expr: Expr, axes: readonly Axis[]): boolean {
  const last = axes.findLast((axis) => axis.size > 1)?.name;
  let found = false;
  walk([expr], (one) => {
    if (one.kind !== 'load') return;
    const { terms } = scope.flatIndex(one.tensor, one.index);
    found ||= terms.some(({ atom, coefficient }) => coefficient === 1 && atom.kind === 'var' && atom.name === last);
  });
  return found;
}
