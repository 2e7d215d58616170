// Takes: a graph and a rule from one node (with its inputs in the new graph) to its replacement. Gives: a new graph.
// Promises: what the rule leaves alone is copied with its origin; replacements get the origin of what they replace.
import { invariant } from '../../diagnostics.ts';
import { GraphBuilder } from '../builder.ts';
import type { Graph, Node, OpName } from '../ops.ts';

/** Null keeps the node. The replacement has the type of the node, or one that the rule itself answers for in its readers. */
export type RewriteRule = (builder: GraphBuilder, node: Node, inputs: readonly Node[]) => Node | null;

export function rewriteGraph(graph: Graph, rule: RewriteRule): Graph {
  const builder = new GraphBuilder(graph.name);
  const newOf = rewriteInto(builder, graph, rule);
  for (const { name, value } of graph.outputs) builder.output(name, newOf(value));
  for (const { source, value } of graph.updates) builder.update(newOf(source), newOf(value));
  return builder.finish();
}

/** The graph's nodes in a builder, but no outputs or updates. Gives what became of a node. */
export function rewriteInto(builder: GraphBuilder, graph: Graph, rule: RewriteRule): (node: Node) => Node {
  const made = new Map<Node, Node>();
  const newOf = (node: Node): Node => {
    const copy = made.get(node);
    invariant(copy, `node ${node.id} of graph '${graph.name}' does not stand before its use`);
    return copy;
  };
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(newOf);
    made.set(
      node,
      builder.at(node.origin, () => rule(builder, node, inputs) ?? copyNode(builder, node, inputs)),
    );
  }
  return newOf;
}

/** The same op over other inputs. */
export function copyNode(builder: GraphBuilder, node: Node, inputs: readonly Node[]): Node {
  return builder.add<OpName>(node.op, node.attrs, inputs) as Node;
}
