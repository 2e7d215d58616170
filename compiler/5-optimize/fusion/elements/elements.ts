// Takes: a node and an index expression per dim. Gives: the expression of that element.
// Promises: stored nodes become loads, all others are inlined; shared subtrees are shared objects.
import type { Node, NodeOf, OpName } from '../../../3-graph/ops.ts';
import type { Expr } from '../../../3-graph/expr.ts';
import { and, cast, constant, eq, inputName, le, load, lt, neg, random, select } from '../../../3-graph/expr-build.ts';
import { substitute } from '../../../3-graph/expr/walk.ts';
import { InvariantError, invariant } from '../../../diagnostics.ts';
import type { IndexMath } from './index-math.ts';
import { axesOf, inputOf, nodeAxes } from './node-axes.ts';

/** An index (i32) for every dim, by name. */
export type Index = ReadonlyMap<string, Expr>;

/** What a group computes itself: its value at the one point where it is known (null: nowhere inside the group). */
export interface Local {
  readonly point: Index | null;
  readonly value: Expr;
}

export class Elements {
  readonly math: IndexMath;
  readonly locals = new Map<Node, Local>();
  /** Set when a local was asked for at another point than its own, or where no local may be read. */
  failed = false;
  private readonly tensorOf: (node: Node) => number | undefined;
  private readonly known = new Map<string, Expr>();

  constructor(math: IndexMath, tensorOf: (node: Node) => number | undefined) {
    this.math = math;
    this.tensorOf = tensorOf;
  }

  /** The element of `node`; `index` may know more dims than the node has. */
  at(node: Node, index: Index): Expr {
    const local = this.locals.get(node);
    if (local) return this.local(node, local, index);
    const tensor = this.tensorOf(node);
    if (tensor === undefined) return this.inline(node, index);
    const indices = node.type.dims.map((dim) => indexOf(index, dim.name));
    return this.math.pool.intern(load(tensor, indices, node.type.type));
  }

  /** The element of `node` computed from its inputs, even if it is stored. */
  inline(node: Node, index: Index): Expr {
    const indices = node.type.dims.map((dim) => this.math.pool.id(indexOf(index, dim.name)));
    const key = `${node.id}@${indices.join(',')}`;
    const known = this.known.get(key);
    if (known) return known;
    const rule = rules[node.op] as (elements: Elements, node: Node, index: Index) => Expr;
    const expr = this.math.pool.intern(rule(this, node, index));
    this.known.set(key, expr);
    return expr;
  }

  private local(node: Node, { point, value }: Local, index: Index): Expr {
    if (!point || node.type.dims.some((dim) => point.get(dim.name) !== index.get(dim.name))) this.failed = true;
    return value;
  }
}

export function indexOf(index: Index, dim: string): Expr {
  const found = index.get(dim);
  invariant(found, `no index along '${dim}' in [${[...index.keys()].join(', ')}]`);
  return found;
}

/** `index` with some dims replaced. */
function withDims(index: Index, changes: Iterable<readonly [string, Expr]>, dropped: readonly string[] = []): Index {
  const changed = new Map(index);
  for (const name of dropped) changed.delete(name);
  for (const [name, expr] of changes) changed.set(name, expr);
  return changed;
}

type Rule<K extends OpName> = (elements: Elements, node: NodeOf<K>, index: Index) => Expr;

const input = <K extends OpName>(node: NodeOf<K>, i = 0): Node => inputOf(node as unknown as Node, i);

function stored<K extends OpName>(_elements: Elements, node: NodeOf<K>): Expr {
  throw new InvariantError(`internal: ${node.op} at '${node.origin.path}' has no tensor`);
}

const rules: { readonly [K in OpName]: Rule<K> } = {
  source: stored,
  reduce: stored,
  contract: stored,
  scatter_add: stored,
  attention: stored,
  attention_grad: stored,
  norm: stored,
  rope: stored,
  logsumexp: stored,
  cross_entropy: stored,
  dropout: stored,
  constant: (_elements, { attrs: { data }, type }) => {
    const value = data.kind === 'values' ? data.values[0] : undefined;
    invariant(value !== undefined, 'a constant of several values has a tensor');
    return constant(value, type.type);
  },
  iota: (_elements, { attrs }, index) => indexOf(index, attrs.dim.name),
  map: (elements, node, index) => {
    const inputs = node.inputs.map((x, i): [string, Expr] => [inputName(i), elements.at(x, index)]);
    return substitute(node.attrs.expr, new Map(inputs));
  },
  random: (elements, node, index) => {
    const axes = axesOf(node.attrs.dims);
    const counter = elements.math.merge(axes.map(({ name, size }) => ({ index: indexOf(index, name), size })));
    return random(elements.at(input(node), index), node.attrs.stream, cast(counter, 'u32'));
  },
  broadcast: (elements, node, index) => elements.at(input(node), index),
  rename: (elements, node, index) => {
    const { from, to } = node.attrs;
    return elements.at(input(node), withDims(index, [[from, indexOf(index, to)]], from === to ? [] : [to]));
  },
  permute: (elements, node, index) => elements.at(input(node), index),
  split: (elements, node, index) => {
    const { dim, into } = node.attrs;
    const parts = axesOf(into).map(({ name, size }) => ({ index: indexOf(index, name), size }));
    const dropped = into.map(({ name }) => name);
    return elements.at(input(node), withDims(index, [[dim, elements.math.merge(parts)]], dropped));
  },
  merge: (elements, node, index) => {
    const { dims, into } = node.attrs;
    const sizes = sizesOf(input(node), dims);
    const parts = elements.math.split(indexOf(index, into), sizes);
    const changes = dims.map((name, i): [string, Expr] => [name, parts[i] ?? elements.math.number(0)]);
    return elements.at(input(node), withDims(index, changes, [into]));
  },
  slice: (elements, node, index) => {
    const { dim, start } = node.attrs;
    const shifted = elements.math.sum([[1, indexOf(index, dim)]], start);
    return elements.at(input(node), withDims(index, [[dim, shifted]]));
  },
  pad: (elements, node, index) => {
    const { dim, before } = node.attrs;
    const [size] = sizesOf(input(node), [dim]);
    const shifted = elements.math.sum([[1, indexOf(index, dim)]], -before);
    const element = elements.at(input(node), withDims(index, [[dim, shifted]]));
    return select(within(shifted, 0, size ?? 0, elements), element, constant(0, node.type.type));
  },
  concat: (elements, node, index) => {
    const { dim } = node.attrs;
    const at = indexOf(index, dim);
    let start = 0;
    const parts = node.inputs.map((x) => {
      const [size = 0] = sizesOf(x, [dim]);
      const shifted = elements.math.sum([[1, at]], -start);
      start += size;
      return { end: start, value: elements.at(x, withDims(index, [[dim, shifted]])) };
    });
    return parts.reduceRight<Expr | null>((rest, part) => (rest ? select(lt(at, part.end), part.value, rest) : part.value), null) ?? stored(elements, node); // prettier-ignore
  },
  rotate_pairs: (elements, node, index) => {
    const { dim, pairing, inverse } = node.attrs;
    const at = indexOf(index, dim);
    const [size = 0] = sizesOf(input(node), [dim]);
    const [first, partner] = partners(elements.math, at, size, pairing);
    const other = elements.at(input(node), withDims(index, [[dim, partner]]));
    return inverse ? select(first, other, neg(other)) : select(first, neg(other), other);
  },
  gather: (elements, node, index) => {
    const row = elements.math.pool.intern(elements.at(input(node, 1), index));
    return elements.at(input(node), withDims(index, [[node.attrs.dim, row]]));
  },
  update: (elements, node, index) => {
    const { dim } = node.attrs;
    const value = input(node, 1);
    const [size = 0] = sizesOf(value, [dim]);
    const position = elements.math.pool.intern(elements.at(input(node, 2), index));
    const shifted = elements.math.sum([[1, indexOf(index, dim)], [-1, position]]); // prettier-ignore
    const written = elements.at(value, withDims(index, [[dim, shifted]]));
    return select(within(shifted, 0, size, elements), written, elements.at(input(node), index));
  },
  after: (elements, node, index) => elements.at(input(node), index),
};

function sizesOf(node: Node, names: readonly string[]): number[] {
  const axes = nodeAxes(node);
  return names.map((name) => {
    const axis = axes.find((a) => a.name === name);
    invariant(axis, `no dim '${name}'`);
    return axis.size;
  });
}

/** start <= x < end, the half of it that is not known anyway. */
function within(x: Expr, start: number, end: number, { math }: Elements): Expr {
  const [min, max] = math.range(math.pool.intern(x));
  const low = min >= start ? constant(1, 'bool') : le(start, x);
  const high = max < end ? constant(1, 'bool') : lt(x, end);
  return and(low, high);
}

/** Whether `at` is the first of its pair, and the index of the other one. */
function partners(math: IndexMath, at: Expr, size: number, pairing: 'half' | 'interleaved'): [Expr, Expr] {
  if (pairing === 'half') {
    const first = lt(at, size / 2);
    const moved = select(first, math.sum([[1, at]], size / 2), math.sum([[1, at]], -size / 2));
    return [first, math.pool.intern(moved)];
  }
  const first = eq(math.remainder(at, 2), 0);
  const moved = select(first, math.sum([[1, at]], 1), math.sum([[1, at]], -1));
  return [first, math.pool.intern(moved)];
}
