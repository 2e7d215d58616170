// Takes: a graph that generates. Gives: the same graph, its matrices held in halves.
// Promises: all is computed in f32 from the numbers as they are held; vectors, and what is kept, stay f32.
import { rewriteGraph } from '../build/rewrite-graph.ts';
import type { Graph, Node } from '../ops.ts';
import { wide } from './formats.ts';

/** `keep`: parts whose weights stay f32, as they stand in the weights' names. */
export function withHalfWeights(graph: Graph, keep: readonly string[]): Graph {
  return rewriteGraph(graph, (builder, node) => {
    if (node.op !== 'source' || !isHeldInHalves(node, keep)) return null;
    const { type } = node.attrs;
    return wide(builder, builder.add('source', { ...node.attrs, type: { ...type, type: 'f16' } }, []));
  });
}

function isHeldInHalves(node: Extract<Node, { op: 'source' }>, keep: readonly string[]): boolean {
  const { name, role, type } = node.attrs;
  return role === 'parameter' && type.dims.length > 1 && !keep.some((part) => `.${name}.`.includes(`.${part}.`));
}
