// Takes: nodes of a graph whose sizes are bound. Gives: their axes and sizes.
// Promises: a symbol left unbound throws InvariantError.
import { invariant } from '../../../diagnostics.ts';
import type { Node } from '../../../3-graph/ops.ts';
import type { Dim } from '../../../3-graph/types.ts';
import type { Axis } from '../../groups.ts';

export function axesOf(dims: readonly Dim[]): Axis[] {
  return dims.map(({ name, size }) => {
    invariant(typeof size === 'number', `the size of '${name}' is not bound`);
    return { name, size };
  });
}

export const nodeAxes = (node: Node): Axis[] => axesOf(node.type.dims);

export const countOf = (axes: readonly Axis[]): number => axes.reduce((count, axis) => count * axis.size, 1);

export const nodeCount = (node: Node): number => countOf(nodeAxes(node));

export function inputOf(node: Node, i = 0): Node {
  const input = node.inputs[i];
  invariant(input, `${node.op} has no input ${i}`);
  return input;
}

/** Equal names and sizes, in any order. */
export function sameSpace(x: readonly Axis[], y: readonly Axis[]): boolean {
  return x.length === y.length && x.every((a) => y.some((b) => a.name === b.name && a.size === b.size));
}
