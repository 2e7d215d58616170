// Takes: a node that moves elements without computing, and the gradient of its result. Gives: the gradient of its input.
// Promises: each is the transpose of its op: what was repeated is summed, what was cut off is zero.
import { dimNames, dimOf, hasDim, numericSize } from '../3-graph/infer/dims.ts';
import { inOrder, sumOver } from '../3-graph/node-build.ts';
import type { Node } from '../3-graph/ops.ts';
import { inputOf } from './gradient-of.ts';
import type { GradientOf } from './gradient-of.ts';
import { scatterAt } from './gradient-rules-indexing.ts';

/** y = x[start, start + size): zeros around g; by scatter_add where a size is a symbol, as pad has none for that. */
function slice({ builder, node, gradient }: GradientOf<'slice'>): Node[] {
  const { dim, start, size } = node.attrs;
  const whole = dimOf(inputOf(node, 0).type, dim);
  if (whole.size === size) return [gradient];
  if (typeof whole.size !== 'number' || typeof size !== 'number') return [scatterAt(builder, gradient, whole, start)];
  return [builder.add('pad', { dim, before: start, after: whole.size - start - size }, [gradient])];
}

/** y = x_0, x_1, ... along dim: dx_i = its stretch of g. */
function concat({ builder, node, gradient, wants }: GradientOf<'concat'>): (Node | null)[] {
  const { dim } = node.attrs;
  let start = 0;
  return node.inputs.map((input, i) => {
    const size = numericSize(input.type, dim);
    const part = wants(i) ? builder.add('slice', { dim, start, size }, [gradient]) : null;
    start += size;
    return part;
  });
}

export const shapeGradients = {
  broadcast: ({ builder, node, gradient }: GradientOf<'broadcast'>): Node[] => {
    const { type } = inputOf(node, 0);
    return [sumOver(builder, gradient, dimNames(gradient.type).filter((name) => !hasDim(type, name)))]; // prettier-ignore
  },
  rename: ({ builder, node, gradient }: GradientOf<'rename'>): Node[] => [
    builder.add('rename', { from: node.attrs.to, to: node.attrs.from }, [gradient]),
  ],
  permute: ({ builder, node, gradient }: GradientOf<'permute'>): Node[] => [
    inOrder(builder, gradient, dimNames(inputOf(node, 0).type)),
  ],
  split: ({ builder, node, gradient }: GradientOf<'split'>): Node[] => [
    builder.add('merge', { dims: node.attrs.into.map((d) => d.name), into: node.attrs.dim }, [gradient]),
  ],
  merge: ({ builder, node, gradient }: GradientOf<'merge'>): Node[] => {
    const { type } = inputOf(node, 0);
    const into = node.attrs.dims.map((name) => dimOf(type, name));
    return [inOrder(builder, builder.add('split', { dim: node.attrs.into, into }, [gradient]), dimNames(type))];
  },
  slice,
  pad: ({ builder, node, gradient }: GradientOf<'pad'>): Node[] => {
    const { dim, before } = node.attrs;
    return [builder.add('slice', { dim, start: before, size: numericSize(inputOf(node, 0).type, dim) }, [gradient])];
  },
  concat,
  /** A rotation's transpose is its inverse. */
  rotate_pairs: ({ builder, node, gradient }: GradientOf<'rotate_pairs'>): Node[] => [
    builder.add('rotate_pairs', { ...node.attrs, inverse: !node.attrs.inverse }, [gradient]),
  ],
  /** Nothing flows into the token. */
  after: ({ gradient }: GradientOf<'after'>): (Node | null)[] => [gradient, null],
};
