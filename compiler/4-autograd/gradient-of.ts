// Takes: nothing. Gives: the type of a gradient rule.
// Promises: a rule builds only the parts that are wanted.
import { invariant } from '../diagnostics.ts';
import type { GraphBuilder } from '../3-graph/builder.ts';
import type { Node, NodeOf, OpName } from '../3-graph/ops.ts';

export interface GradientOf<K extends OpName> {
  readonly builder: GraphBuilder;
  readonly node: NodeOf<K> & Node;
  /** d loss / d node, f32 with the node's dims. */
  readonly gradient: Node;
  /** Whether the gradient of input `i` is wanted. */
  readonly wants: (i: number) => boolean;
}

/** The gradient of each input, f32 with the input's dims; null where none is wanted or none flows. */
export type GradientRule<K extends OpName> = (of: GradientOf<K>) => readonly (Node | null)[];

/** Input `i` of the node. */
export function inputOf(node: Node, i: number): Node {
  const input = node.inputs[i];
  invariant(input, `${node.op} has no input ${i}`);
  return input;
}
