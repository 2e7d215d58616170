// Takes: a gather, a scatter_add or an update, and the gradient of its result. Gives: the gradients of its inputs.
// Promises: gather and scatter_add are each other's transpose; indices and positions are integers and get none.
import type { GraphBuilder } from '../3-graph/builder.ts';
import { dimNames, dimOf } from '../3-graph/infer/dims.ts';
import { add, constant } from '../3-graph/expr-build.ts';
import { elementwise, fill, inOrder } from '../3-graph/node-build.ts';
import type { Node } from '../3-graph/ops.ts';
import type { Dim } from '../3-graph/types.ts';
import { inputOf } from './gradient-of.ts';
import type { GradientOf } from './gradient-of.ts';

/** The elements of `x` at [start, start + size) of `whole`, zeros elsewhere; `x` has a dim of the same name. */
export function scatterAt(builder: GraphBuilder, x: Node, whole: Dim, start: number): Node {
  const order = dimNames(x.type);
  const index = builder.add('iota', { dim: dimOf(x.type, whole.name) }, []);
  const at = elementwise(builder, [index], (i) => add(i, constant(start, 'i32')));
  const front = inOrder(builder, x, [whole.name, ...order.filter((name) => name !== whole.name)]);
  return inOrder(builder, builder.add('scatter_add', { dim: whole }, [at, front]), order);
}

/** y = target with value at position: dtarget = g with zeros there, dvalue = g there. */
function update({ builder, node, gradient, wants }: GradientOf<'update'>): (Node | null)[] {
  const { dim } = node.attrs;
  const [value, position] = [inputOf(node, 1), inputOf(node, 2)];
  const dtarget = (): Node => {
    const zeros = fill(builder, 0, value.type.type, value.type.dims);
    return builder.add('update', { dim }, [gradient, zeros, position]);
  };
  const dvalue = (): Node => {
    const index = builder.add('iota', { dim: dimOf(value.type, dim) }, []);
    const at = elementwise(builder, [index, position], (i, start) => add(i, start));
    return inOrder(builder, builder.add('gather', { dim }, [gradient, at]), dimNames(value.type));
  };
  return [wants(0) ? dtarget() : null, wants(1) ? dvalue() : null, null];
}

export const indexingGradients = {
  /** dtable = sum of the rows of g per index. */
  gather: ({ builder, node, gradient }: GradientOf<'gather'>): (Node | null)[] => {
    const [table, indices] = [inputOf(node, 0), inputOf(node, 1)];
    const dim = dimOf(table.type, node.attrs.dim);
    const rows = builder.add('scatter_add', { dim }, [indices, gradient]);
    return [inOrder(builder, rows, dimNames(table.type)), null];
  },
  /** dupdates = the row of g at each index. */
  scatter_add: ({ builder, node, gradient }: GradientOf<'scatter_add'>): (Node | null)[] => [
    null,
    builder.add('gather', { dim: node.attrs.dim.name }, [gradient, inputOf(node, 0)]),
  ],
  update,
};
