// Takes: the graph of a training step. Gives: an equal one that keeps of a block, from forward to backward, only its input.
// Promises: what the backward pass needs of the inside of a block is computed again just before it, by the same ops: the same
// numbers, dropout included (its counter is the place). Blocks are `layers.N` of the origin paths, of any architecture.
// Gradient checkpointing, arXiv 1604.06174.
import type { RecomputeSpec } from '../2-check/model.ts';
import { copyNode } from '../3-graph/build/rewrite-graph.ts';
import { GraphBuilder } from '../3-graph/builder.ts';
import type { Graph, Node } from '../3-graph/ops.ts';
import { invariant } from '../diagnostics.ts';

/** The blocks of a training graph, `layers.0`, `layers.1`, ..., in the order they run. */
export function blocksOf(graph: Graph): readonly string[] {
  const forward = forwardOf(graph);
  const blocks = graph.nodes.map((node) => (forward.has(node) ? blockOf(node) : null));
  return [...new Set(blocks.filter((block) => block !== null))];
}

/** `first` n blocks: their activations would live longest. @throws InvariantError for a limit that was not resolved */
export function recompute(graph: Graph, spec: RecomputeSpec = { kind: 'none' }): Graph {
  invariant(spec.kind !== 'auto', 'the number of blocks that are recomputed is not known');
  if (spec.kind === 'none' || spec.first === 0) return graph;
  const again = new Recomputation(graph, blocksOf(graph).slice(0, spec.first ?? undefined));
  const { builder } = again;
  for (const node of graph.nodes) again.place(node);
  for (const { name, value } of graph.outputs) builder.output(name, again.newOf(value));
  for (const { source, value } of graph.updates) builder.update(again.newOf(source), again.newOf(value));
  return builder.finish();
}

/** What the loss is made of. */
function forwardOf({ nodes, outputs }: Graph): ReadonlySet<Node> {
  const reached = new Set(outputs.flatMap(({ name, value }) => (name === 'loss' ? [value] : [])));
  for (const node of nodes.toReversed()) if (reached.has(node)) for (const input of node.inputs) reached.add(input);
  return reached;
}

/** `grad.layers.3.attn.q` -> `layers.3`: the outermost, of a tower `vision.layers.3`. */
const blockPath = /^(?:grad\.)?((?:[^.]+\.)*?layers\.\d+)(?:\.|$)/;

function blockOf({ origin }: Node): string | null {
  return blockPath.exec(origin.path)?.[1] ?? null;
}

/** The same for every token and step: there is nothing to gain by computing it again, nor numbers by the one. */
function fixedOf(nodes: readonly Node[]): ReadonlySet<Node> {
  const fixed = new Set<Node>();
  for (const node of nodes) {
    const isSource = node.op === 'source' && node.attrs.role === 'input';
    if (node.type.dims.length === 0 || (!isSource && node.inputs.every((input) => fixed.has(input)))) fixed.add(node);
  }
  return fixed;
}

/** What the backward pass of a block waits for before anything of the block is computed again. */
type Tokens = ReadonlyMap<string, Node>;

class Recomputation {
  readonly builder: GraphBuilder;
  readonly #forward: ReadonlySet<Node>;
  readonly #fixed: ReadonlySet<Node>;
  readonly #inside: ReadonlySet<Node>;
  readonly #tokens: Tokens;
  readonly #made = new Map<Node, Node>();
  readonly #again = new Map<Node, Node>();

  constructor(graph: Graph, blocks: readonly string[]) {
    this.builder = new GraphBuilder(graph.name);
    this.#forward = forwardOf(graph);
    this.#fixed = fixedOf(graph.nodes);
    this.#inside = this.#insideOf(graph, new Set(blocks));
    this.#tokens = this.#tokensOf(graph, new Set(blocks));
  }

  newOf(node: Node): Node {
    const made = this.#made.get(node);
    invariant(made, `node ${node.id} does not stand before its use`);
    return made;
  }

  /** Copies a node; one of a backward pass reads what is computed again, which is placed before it. */
  place(node: Node): void {
    const block = this.#forward.has(node) ? null : this.#readerOf(node);
    const token = block === null ? undefined : this.#tokens.get(block);
    const inputs = node.inputs.map((input) => (token ? this.#later(input, token) : this.newOf(input)));
    this.#made.set(
      node,
      this.builder.at(node.origin, () => copyNode(this.builder, node, inputs)),
    );
  }

  /** What is computed in blocks and read nowhere else in the forward pass. */
  #insideOf({ nodes, outputs, updates }: Graph, blocks: ReadonlySet<string>): ReadonlySet<Node> {
    const inside = new Set(
      nodes.filter((node) => this.#forward.has(node) && !this.#fixed.has(node) && blocks.has(blockOf(node) ?? '')),
    );
    for (const node of nodes.filter((each) => this.#forward.has(each)))
      for (const input of node.inputs) if (blockOf(input) !== blockOf(node)) inside.delete(input);
    for (const { value } of [...outputs, ...updates]) inside.delete(value);
    return inside;
  }

  /** The block whose inside a node of the backward pass reads, or whose gradient it is. */
  #readerOf(node: Node): string | null {
    const inner = node.inputs.find((input) => this.#inside.has(input));
    return blockOf(inner ?? node);
  }

  /** Of each block, the latest gradient that comes before its own need of the forward pass and is used there. */
  #tokensOf({ nodes }: Graph, blocks: ReadonlySet<string>): Tokens {
    const readers = new Map<string, Node[]>();
    for (const node of nodes) {
      const block = this.#forward.has(node) ? null : this.#readerOf(node);
      if (block === null || !blocks.has(block) || !node.inputs.some((input) => this.#isKept(input))) continue;
      readers.set(block, [...(readers.get(block) ?? []), node]);
    }
    const tokens = new Map<string, Node>();
    for (const [block, [first, ...rest]] of readers) {
      const token = first && this.#latestBefore(first, [first, ...rest]);
      if (token) tokens.set(block, token);
    }
    return tokens;
  }

  #latestBefore(first: Node, readers: readonly Node[]): Node | null {
    const reached = new Set(readers);
    let latest: Node | null = null;
    for (const node of reached) {
      if (node.id < first.id && node.id > (latest?.id ?? -1)) latest = node;
      if (node.id < first.id) continue;
      for (const input of node.inputs) if (!this.#forward.has(input) && !this.#fixed.has(input)) reached.add(input);
    }
    return latest;
  }

  /** A value of the forward pass that would live until the backward pass. */
  #isKept(node: Node): boolean {
    return this.#forward.has(node) && !this.#fixed.has(node);
  }

  /** In the backward pass of a block: what stood inside is computed again, from what stood outside. */
  #later(node: Node, token: Node): Node {
    if (!this.#isKept(node)) return this.newOf(node);
    const known = this.#again.get(node);
    if (known) return known;
    const { builder } = this;
    if (!this.#inside.has(node)) return builder.add('after', {}, [this.newOf(node), this.newOf(token)]) as Node;
    const inputs = node.inputs.map((input) => this.#later(input, token));
    const { path, span } = node.origin;
    const origin = { path: `again.${path}`, ...(span ? { span } : {}) };
    const again = builder.at(origin, () => copyNode(builder, node, inputs));
    this.#again.set(node, again);
    return again;
  }
}
