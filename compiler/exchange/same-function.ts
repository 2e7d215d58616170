// Takes: two models. Gives: whether they compute the same logits from the same weights, and which parameters answer each other.
// Promises: by their graphs, node by node, whatever their parts are called and however they were written.
import type { Model } from '../2-check/model.ts';
import { forwardGraph } from '../3-graph/model/entry-graphs.ts';
import type { Graph, Node } from '../3-graph/ops.ts';

export interface Comparison {
  /** A parameter of the second by the name of the first's; null: the functions differ. */
  readonly names: ReadonlyMap<string, string> | null;
  /** Nodes that agree before the first that does not. */
  readonly agreeing: number;
  /** Where the first that differs stands: `layers.0.attn.q`. */
  readonly path: string;
}

/** Both must lower (`unbuilt` says nothing of them). */
export function compareFunctions(first: Model, second: Model): Comparison {
  const [a, b] = [forwardGraph(first), forwardGraph(second)];
  const names = new Map<string, string>();
  for (const [i, node] of a.nodes.entries()) {
    const other = b.nodes[i];
    if (other === undefined || formOf(node, a) !== formOf(other, b)) {
      return { names: null, agreeing: i, path: node.origin.path };
    }
    if (node.op === 'source' && other.op === 'source') names.set(node.attrs.name, other.attrs.name);
  }
  const same = a.nodes.length === b.nodes.length;
  return { names: same ? names : null, agreeing: a.nodes.length, path: a.nodes.at(-1)?.origin.path ?? '' };
}

/** All of a node but what its parameters are called and how they start. */
function formOf(node: Node, graph: Graph): string {
  const inputs = node.inputs.map(({ id }) => id);
  const outputs = graph.outputs.filter(({ value }) => value === node).map(({ name }) => name);
  if (node.op !== 'source') return JSON.stringify([node.op, node.attrs, node.type, inputs, outputs]);
  const { role, name } = node.attrs;
  return JSON.stringify([role, role === 'input' ? name : '', node.type, outputs]);
}
