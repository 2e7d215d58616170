// Takes: the graph of a training step. Gives: an equal one that keeps of a block, from forward to backward, only its input.
// Promises: what the backward pass needs of the inside of a block is computed again just before it, by the same ops: the same
// numbers, dropout included (its counter is the place). Gradient checkpointing, arXiv 1604.06174.
import type { RecomputeSpec } from '../../2-check/model.ts';
import { copyNode } from '../../3-graph/build/rewrite-graph.ts';
import { GraphBuilder } from '../../3-graph/builder.ts';
import type { Graph, Node } from '../../3-graph/ops.ts';
import { invariant } from '../../diagnostics.ts';
import { blockOf, blocksOf, fixedOf, forwardOf, insideOf } from './blocks.ts';

/** The first blocks, as their activations would live longest. @throws InvariantError for a limit that is not resolved yet */
export function recompute(graph: Graph, spec: RecomputeSpec = { kind: 'none' }): Graph {
  invariant(spec.kind !== 'auto', 'the number of blocks that are computed again is not known');
  if (spec.kind === 'none' || spec.first === 0) return graph;
  const again = new Recomputation(graph, new Set(blocksOf(graph).slice(0, spec.first ?? undefined)));
  const { builder } = again;
  for (const node of graph.nodes) again.place(node);
  for (const { name, value } of graph.outputs) builder.output(name, again.newOf(value));
  for (const { source, value } of graph.updates) builder.update(again.newOf(source), again.newOf(value));
  return builder.finish();
}

class Recomputation {
  readonly builder: GraphBuilder;
  readonly #forward: ReadonlySet<Node>;
  /** Of the forward pass, what would live until the backward pass if that needs it. */
  readonly #kept: ReadonlySet<Node>;
  readonly #inside: ReadonlySet<Node>;
  /** Of each block, what must be there before anything of it is computed again. */
  readonly #tokens: ReadonlyMap<string, Node>;
  readonly #made = new Map<Node, Node>();
  readonly #again = new Map<Node, Node>();

  constructor(graph: Graph, blocks: ReadonlySet<string>) {
    this.builder = new GraphBuilder(graph.name);
    this.#forward = forwardOf(graph);
    const fixed = fixedOf(graph.nodes);
    this.#kept = new Set([...this.#forward].filter((node) => !fixed.has(node)));
    this.#inside = new Set([...insideOf(graph, blocks, this.#forward)].filter((node) => !fixed.has(node)));
    this.#tokens = this.#tokensOf(graph, blocks, fixed);
  }

  newOf(node: Node): Node {
    const made = this.#made.get(node);
    invariant(made, `node ${node.id} does not stand before its use`);
    return made;
  }

  /** Copies a node; one of a block's backward pass reads what is computed again, which is placed before it. */
  place(node: Node): void {
    const token = this.#tokens.get(this.#readerOf(node) ?? '');
    const inputs = node.inputs.map((input) => (token ? this.#later(input, token) : this.newOf(input)));
    this.#made.set(
      node,
      this.builder.at(node.origin, () => copyNode(this.builder, node, inputs)),
    );
  }

  /** Of a node of the backward pass, the block whose inside it reads, or whose gradient it is. */
  #readerOf(node: Node): string | null {
    if (this.#forward.has(node)) return null;
    return blockOf(node.inputs.find((input) => this.#inside.has(input)) ?? node);
  }

  /** The latest gradient before the first that needs the block, of those that it or a later one is made of. */
  #tokensOf({ nodes }: Graph, blocks: ReadonlySet<string>, fixed: ReadonlySet<Node>): Map<string, Node> {
    const readers = new Map<string, Node[]>();
    for (const node of nodes) {
      const block = this.#readerOf(node);
      if (block === null || !blocks.has(block) || !node.inputs.some((input) => this.#kept.has(input))) continue;
      readers.set(block, [...(readers.get(block) ?? []), node]);
    }
    const isGradient = (node: Node): boolean => !this.#forward.has(node) && !fixed.has(node);
    return new Map(
      [...readers].flatMap(([block, own]): [string, Node][] => {
        const token = latestBefore(own, isGradient);
        return token ? [[block, token]] : [];
      }),
    );
  }

  /** For a backward pass: what stood inside a block is computed again, from what stood outside. */
  #later(node: Node, token: Node): Node {
    if (!this.#kept.has(node)) return this.newOf(node);
    const known = this.#again.get(node);
    if (known) return known;
    const { builder } = this;
    // Not for good: another block's backward pass waits for another token.
    if (!this.#inside.has(node)) return builder.add('after', {}, [this.newOf(node), this.newOf(token)]) as Node;
    const inputs = node.inputs.map((input) => this.#later(input, token));
    const { path, span } = node.origin;
    const origin = { path: `again.${path}`, ...(span ? { span } : {}) };
    const again = builder.at(origin, () => copyNode(builder, node, inputs));
    this.#again.set(node, again);
    return again;
  }
}

/** The last node before all of `nodes` that one of them is made of by way of gradients. */
function latestBefore(nodes: readonly Node[], isGradient: (node: Node) => boolean): Node | null {
  const first = Math.min(...nodes.map(({ id }) => id));
  const reached = new Set(nodes);
  let latest: Node | null = null;
  for (const node of reached) {
    if (node.id >= first) for (const input of node.inputs.filter(isGradient)) reached.add(input);
    else if (node.id > (latest?.id ?? -1)) latest = node;
  }
  return latest;
}
