// Takes: the graph of a training step. Gives: its blocks, and which nodes of the forward pass belong to them.
// Promises: blocks are `layers.N` of the origin paths, of any architecture; the forward pass is what the loss is made of.
import type { Graph, Node } from '../../3-graph/ops.ts';

/** The blocks of a training graph, `layers.0`, `layers.1`, ..., in the order they run. */
export function blocksOf(graph: Graph): readonly string[] {
  const forward = forwardOf(graph);
  const blocks = graph.nodes.map((node) => (forward.has(node) ? blockOf(node) : null));
  return [...new Set(blocks.filter((block) => block !== null))];
}

/** `grad.layers.3.attn.q` -> `layers.3`: the outermost, of a tower `vision.layers.3`. */
const blockPath = /^(?:grad\.)?((?:[^.]+\.)*?layers\.\d+)(?:\.|$)/;

/** The block a node computes a part of, or of its gradient. */
export function blockOf({ origin }: Node): string | null {
  return blockPath.exec(origin.path)?.[1] ?? null;
}

/** What the loss is made of. */
export function forwardOf({ nodes, outputs }: Graph): ReadonlySet<Node> {
  const reached = new Set(outputs.flatMap(({ name, value }) => (name === 'loss' ? [value] : [])));
  for (const node of nodes.toReversed()) if (reached.has(node)) for (const input of node.inputs) reached.add(input);
  return reached;
}

/** The same whatever the batch, or a single number: there is nothing to gain by computing it again. */
export function fixedOf(nodes: readonly Node[]): ReadonlySet<Node> {
  const fixed = new Set<Node>();
  for (const node of nodes) {
    const isInput = node.op === 'source' && node.attrs.role === 'input';
    if (node.type.dims.length === 0 || (!isInput && node.inputs.every((input) => fixed.has(input)))) fixed.add(node);
  }
  return fixed;
}

/** What of `forward` is computed in the blocks and read nowhere else in it. */
export function insideOf(
  { nodes, outputs, updates }: Graph,
  blocks: ReadonlySet<string>,
  forward: ReadonlySet<Node>,
): Set<Node> {
  const inside = new Set(nodes.filter((node) => forward.has(node) && blocks.has(blockOf(node) ?? '')));
  for (const node of forward)
    for (const input of node.inputs) if (blockOf(input) !== blockOf(node)) inside.delete(input);
  for (const { value } of [...outputs, ...updates]) inside.delete(value);
  return inside;
}
