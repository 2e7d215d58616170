// Takes: a graph. Gives: the dims of its tensors as PyTorch sees them, and the text of sizes and of changes of order.
// Promises: a tensor of the generated code has exactly `dims(node)`, in that order; dims of one element that only a split
// made (the group of a model without grouped queries) are left out everywhere.
import { invariant } from '../../../diagnostics.ts';
import type { Model } from '../../../2-check/model.ts';
import type { Graph, Node } from '../../../3-graph/ops.ts';
import type { Dim } from '../../../3-graph/types.ts';
import { index, integer, method, type Py } from './python.ts';

/** Names of dims as comments and constants say them. */
const headDims = ['kv_heads', 'group'];

export class Axes {
  /** Constants of the file by dim name: dims that have one size all over the model. */
  readonly constants: ReadonlyMap<string, { readonly name: string; readonly size: number }>;
  readonly #left: ReadonlySet<string>;

  constructor(graph: Graph, model: Model) {
    this.#left = singleDims(graph);
    const sizes = new Map<string, Set<number>>();
    for (const { name, size } of declaredDims(graph)) {
      if (typeof size === 'number' && !this.#left.has(name)) sizes.set(name, (sizes.get(name) ?? new Set()).add(size));
    }
    this.constants = new Map(
      [...sizes].flatMap(([dim, [size, other]]) => {
        if (size === undefined || size === 1 || other !== undefined) return [];
        const name = this.nameOf(dim).replace(/\W/g, '_').toUpperCase();
        const own = modelSizes(model).get(name) ?? size;
        return /^[A-Z]/.test(name) && own === size ? [[dim, { name, size }] as const] : [];
      }),
    );
  }

  dims(node: Node): Dim[] {
    return this.shown(node.type.dims);
  }

  /** Without those that are left out. */
  shown(dims: readonly Dim[]): Dim[] {
    return dims.filter(({ name }) => !this.#left.has(name));
  }

  names(node: Node): string[] {
    return this.dims(node).map(({ name }) => name);
  }

  /** `kv_heads` is `heads` where every head has its own keys, and so is `group` where one key head serves all. */
  nameOf(dim: string): string {
    return headDims.includes(dim) && headDims.some((each) => each !== dim && this.#left.has(each)) ? 'heads' : dim;
  }

  /** `KV_HEADS`, `12`, or the variable of a symbol. */
  size({ name, size }: Dim): string {
    if (typeof size === 'string') return symbolName(size);
    const constant = this.constants.get(name);
    return constant?.size === size ? constant.name : integer(size);
  }

  /** `[batch, seq, d_model]` */
  comment(node: Node): string {
    return `[${this.dims(node).map(({ name, size }) => (typeof size === 'string' ? size : this.nameOf(name))).join(', ')}]`; // prettier-ignore
  }
}

/** Sizes every file has, by the names of its constants. */
export const modelSizes = ({ vocab, context, dModel, nLayers }: Model): ReadonlyMap<string, number> =>
  new Map([['VOCAB', vocab], ['CONTEXT', context], ['D_MODEL', dModel], ['N_LAYERS', nLayers]]); // prettier-ignore

/** `b` for batch, `t` for seq. */
export function symbolName(symbol: string): string {
  const names: Readonly<Record<string, string>> = { batch: 'b', seq: 't' };
  const name = names[symbol];
  invariant(name, `a size '${symbol}' in a forward graph`);
  return name;
}

/** Dims of one element that come from a split and that no tensor from outside has. */
function singleDims(graph: Graph): ReadonlySet<string> {
  const single = new Set<string>();
  for (const node of graph.nodes) {
    if (node.op === 'split') for (const { name, size } of node.attrs.into) if (size === 1) single.add(name);
  }
  for (const node of graph.nodes) {
    const outside = node.op === 'source' || node.op === 'gather';
    for (const { name, size } of node.type.dims) if (outside || size !== 1) single.delete(name);
  }
  return single;
}

function declaredDims(graph: Graph): Dim[] {
  return graph.nodes.flatMap((node) => {
    if (node.op === 'source' && node.attrs.role === 'parameter') return [...node.type.dims];
    return node.op === 'split' ? [...node.attrs.into] : [];
  });
}

/** x, whose dims are `from`, in the order `to`. */
export function permuted(x: Py, from: readonly string[], to: readonly string[]): Py {
  const order = to.map((name) => from.indexOf(name));
  invariant(order.length === from.length && !order.includes(-1), `${from.join(', ')} as ${to.join(', ')}`);
  const moved = order.flatMap((at, i) => (at === i ? [] : [i]));
  if (moved.length === 0) return x;
  if (moved.length === 2) return method(x, 'transpose', ...moved.map(String));
  return method(x, 'permute', ...order.map(String));
}

/** x, whose dims are `from`, ready to broadcast against a tensor of the dims `to`. */
export function aligned(x: Py, from: readonly string[], to: readonly string[]): Py {
  const present = to.filter((name) => from.includes(name));
  const ordered = permuted(x, from, present);
  const first = to.findIndex((name) => from.includes(name));
  if (first < 0) return ordered;
  const tail = to.slice(first).map((name) => (from.includes(name) ? ':' : 'None'));
  if (!tail.includes('None')) return ordered;
  // What follows the last new dim need not be said.
  return index(ordered, tail.slice(0, tail.lastIndexOf('None') + 1).join(', '));
}

/** The equation of an einsum over named dims. */
export function einsum(operands: readonly (readonly string[])[], result: readonly string[]): string {
  const letters = new Map<string, string>();
  const letterOf = (name: string): string => {
    const known = letters.get(name);
    if (known !== undefined) return known;
    const used = new Set(letters.values());
    const letter = [...preferred(name), ...'abcdefghijklmnopqrstuvwxyz'.split('')].find((each) => !used.has(each));
    invariant(letter, 'more dims than letters');
    letters.set(name, letter);
    return letter;
  };
  const text = (names: readonly string[]): string => names.map(letterOf).join('');
  const inputs = operands.map(text);
  return `${inputs.join(',')}->${text(result)}`;
}

/** Queries are q, keys s, as is common; otherwise a letter of the name. */
function preferred(name: string): string[] {
  const common: Readonly<Record<string, string>> = { seq: 'q', key: 's', head_dim: 'd', kv_heads: 'k', group: 'g' };
  return [common[name] ?? '', ...name.split('')].filter((letter) => /^[a-z]$/.test(letter));
}
