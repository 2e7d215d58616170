// Takes: ops, attributes and inputs, one at a time. Gives: a graph.
// Promises: every node is typed by its rule; equal nodes are one node; dead nodes are dropped; ids are positions.
import { positionOf } from '../../grammar/source.ts';
import { InvariantError, invariant } from '../diagnostics.ts';
import { formatType, sameType } from './infer/dims.ts';
import { inferType } from './infer.ts';
import type { Attrs, Graph, Node, NodeOf, OpName, Origin } from './ops.ts';

/** Text of attributes: keys in alphabetical order, every number told apart (JSON alone has no -0 and no infinities). */
function attrsKey(attrs: unknown): string {
  return JSON.stringify(attrs, (_, value: unknown) => {
    if (Object.is(value, -0)) return '#-0';
    if (typeof value === 'number' && !Number.isFinite(value)) return `#${value}`;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1)));
  });
}

export class GraphBuilder {
  readonly name: string;
  readonly #nodes: Node[] = [];
  readonly #shared = new Map<string, Node>();
  readonly #sources = new Map<string, NodeOf<'source'>>();
  readonly #outputs: { name: string; value: Node }[] = [];
  readonly #updates: { source: NodeOf<'source'>; value: Node }[] = [];
  #origin: Origin = { path: '' };

  constructor(name: string) {
    this.name = name;
  }

  /** Infers the type by the op's rule, shares structurally equal nodes, records the current origin. Throws InvariantError on ill-typed use. */
  add<K extends OpName>(op: K, attrs: Attrs<K>, inputs: readonly Node[]): NodeOf<K> {
    for (const input of inputs)
      invariant(this.#nodes[input.id] === input, `${op} at '${this.#origin.path}' reads a node of another graph`);
    const key = `${op} ${inputs.map((n) => n.id).join(' ')} ${attrsKey(attrs)}`;
    const known = this.#shared.get(key);
    if (known) return known as unknown as NodeOf<K>;
    const type = this.#infer(op, attrs, inputs);
    const node: NodeOf<K> = { id: this.#nodes.length, op, attrs, inputs: [...inputs], type, origin: this.#origin };
    const stored = node as unknown as Node;
    if (stored.op === 'source') this.#addSource(stored);
    this.#nodes.push(stored);
    this.#shared.set(key, stored);
    return node;
  }

  /** Origin of the nodes added inside; paths nest with '.', and a missing span is that of the outside. */
  at<T>(origin: Origin, build: () => T): T {
    const outer = this.#origin;
    const span = origin.span ?? outer.span;
    const path = [outer.path, origin.path].filter((part) => part !== '').join('.');
    this.#origin = span ? { path, span } : { path };
    try {
      return build();
    } finally {
      this.#origin = outer;
    }
  }

  output(name: string, value: Node): void {
    invariant(this.#nodes[value.id] === value, `output '${name}' is a node of another graph`);
    invariant(!this.#outputs.some((o) => o.name === name), `two outputs '${name}'`);
    this.#outputs.push({ name, value });
  }

  /** After a run the source's storage holds `value`. */
  update(source: Node, value: Node): void {
    invariant(source.op === 'source', `update of a ${source.op}`);
    const { name } = source.attrs;
    invariant(this.#nodes[source.id] === source && this.#nodes[value.id] === value, `update of '${name}': other graph`);
    invariant(
      sameType(source.type, value.type),
      `'${name}' is ${formatType(source.type)}, its update ${formatType(value.type)}`,
    );
    invariant(!this.#updates.some((u) => u.source === source), `two updates of '${name}'`);
    this.#updates.push({ source, value });
  }

  /** The live nodes, in the order they were added; the builder can go on being used. */
  finish(): Graph {
    const live = this.#live();
    const copies = new Map<Node, Node>();
    const copyOf = (node: Node): Node => {
      const copy = copies.get(node);
      invariant(copy, `node ${node.id} is dead`);
      return copy;
    };
    for (const node of this.#nodes.filter((n) => live.has(n)))
      copies.set(node, { ...node, id: copies.size, inputs: node.inputs.map(copyOf) });
    return {
      name: this.name,
      nodes: [...copies.values()],
      outputs: this.#outputs.map(({ name, value }) => ({ name, value: copyOf(value) })),
      updates: this.#updates.map(({ source, value }) => {
        const copy = copyOf(source);
        invariant(copy.op === 'source', 'a source stays a source');
        return { source: copy, value: copyOf(value) };
      }),
    };
  }

  #live(): Set<Node> {
    const live = new Set<Node>();
    for (const { value } of this.#outputs) live.add(value);
    for (const { source, value } of this.#updates) live.add(source).add(value);
    for (const node of this.#nodes.toReversed()) if (live.has(node)) for (const input of node.inputs) live.add(input);
    return live;
  }

  #addSource(source: NodeOf<'source'>): void {
    const { name } = source.attrs;
    invariant(!this.#sources.has(name), `two sources '${name}' that differ`);
    this.#sources.set(name, source);
  }

  #infer<K extends OpName>(op: K, attrs: Attrs<K>, inputs: readonly Node[]): Node['type'] {
    const types = inputs.map((n) => n.type);
    try {
      return inferType(op, attrs, types);
    } catch (error) {
      if (!(error instanceof InvariantError)) throw error;
      const { span } = this.#origin;
      const line = span ? `, line ${positionOf(span.file, span.start).line} of ${span.file.path}` : '';
      throw new InvariantError(
        `${error.message} (${op} of (${types.map(formatType).join(', ')}) at '${this.#origin.path}'${line})`,
        { cause: error },
      );
    }
  }
}
