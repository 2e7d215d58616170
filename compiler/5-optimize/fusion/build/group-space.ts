// Takes: the members of a group to be. Gives: what all families share: points of members, their values, their stores.
// Promises: a member computed here is read as a value where a later member reads it at its own point, else `failed`.
import { cast, variable } from '../../../3-graph/expr-build.ts';
import type { Expr } from '../../../3-graph/expr.ts';
import type { Node } from '../../../3-graph/ops.ts';
import type { Axis, Store } from '../../groups.ts';
import { Elements, type Index, indexOf } from '../elements/elements.ts';
import type { ExprPool } from '../elements/expr-pool.ts';
import { IndexMath } from '../elements/index-math.ts';
import { inputOf, nodeAxes, sameSpace } from '../elements/node-axes.ts';
import { writesInPlace, type Target } from '../lower-graph.ts';
import type { TensorTable } from '../tensor-table.ts';

/** What is fixed while groups are formed. */
export interface FusionContext {
  readonly pool: ExprPool;
  readonly table: TensorTable;
  readonly targets: ReadonlyMap<Node, readonly Target[]>;
  /** The stored nodes that read a stored node. */
  readonly readers: ReadonlyMap<Node, ReadonlySet<Node>>;
  readonly maxTensors: number;
}

export class GroupSpace {
  readonly context: FusionContext;
  readonly math: IndexMath;
  readonly elements: Elements;
  private readonly members: ReadonlySet<Node>;

  constructor(context: FusionContext, members: readonly Node[], axes: readonly Axis[]) {
    this.context = context;
    this.members = new Set(members);
    this.math = new IndexMath(context.pool, axes);
    this.elements = new Elements(this.math, context.table.of);
  }

  get failed(): boolean {
    return this.elements.failed;
  }

  /** Every axis at its own variable. */
  identity(axes: readonly Axis[]): Map<string, Expr> {
    return new Map(axes.map((axis) => [axis.name, this.math.axis(axis)]));
  }

  result(node: Node, name: string, point: Index): Expr {
    const value = this.math.pool.intern(variable(name, node.type.type));
    this.elements.locals.set(node, { point, value });
    return value;
  }

  /** As `result`, of what a group sums in f32 whatever the node's type. */
  wideResult(node: Node, name: string, point: Index): Expr {
    const value = this.math.pool.intern(cast(variable(name, 'f32'), node.type.type));
    this.elements.locals.set(node, { point, value });
    return value;
  }

  /** An element as an operand of products: halves become f32. */
  wide(node: Node, index: Index): Expr {
    const element = this.elements.at(node, index);
    return element.type === 'f16' ? this.math.pool.intern(cast(element, 'f32')) : element;
  }

  /** The stores of a map-like member, whose value becomes known to later members. Null when it has no point here. */
  member(node: Node, spaces: readonly (readonly Axis[])[]): Store[] | null {
    if (writesInPlace(node, this.context.targets.get(node) ?? [])) return this.rowWrite(node, spaces);
    const point = this.pointOf(node, spaces);
    if (!point) return null;
    const value = this.elements.inline(node, point);
    this.elements.locals.set(node, { point, value });
    return this.storesOf(node, point, value);
  }

  /** The stores of a member with this value at this point; none when only the group itself reads it. */
  storesOf(node: Node, point: Index, value: Expr): Store[] {
    const { readers, targets, table } = this.context;
    const outside = [...(readers.get(node) ?? [])].some((reader) => !this.members.has(reader));
    if (!outside && !targets.has(node)) return [];
    const index = node.type.dims.map((dim) => indexOf(point, dim.name));
    return table.writesOf(node).map((tensor) => ({ tensor, index, value }));
  }

  /** `update`: its value goes to the rows at its position. */
  private rowWrite(node: Node, spaces: readonly (readonly Axis[])[]): Store[] | null {
    const [written, position] = [inputOf(node, 1), inputOf(node, 2)];
    const point = this.pointOf(written, spaces);
    if (!point || node.op !== 'update') return null;
    const { dim } = node.attrs;
    const start = this.math.pool.intern(this.elements.at(position, point));
    const index = node.type.dims.map(({ name }) => {
      const at = indexOf(point, name);
      return name === dim ? this.math.sum([[1, start], [1, at]]) : at; // prettier-ignore
    });
    const value = this.elements.at(written, point);
    this.elements.locals.set(node, { point: null, value });
    return this.context.table.writesOf(node).map((tensor) => ({ tensor, index, value }));
  }

  /** Where in the group an element of `node` is computed: where its inputs are, or the axes of equal names. */
  private pointOf(node: Node, spaces: readonly (readonly Axis[])[]): Index | null {
    const forward = this.forward(node);
    if (forward) return forward;
    const axes = nodeAxes(node);
    return spaces.some((space) => sameSpace(space, axes)) ? this.identity(axes) : null;
  }

  /** The point of a node that moves or combines what the group computes. */
  private forward(node: Node): Index | null {
    const local = this.elements.locals.get(node);
    if (local) return local.point;
    if (this.context.table.of(node) !== undefined && !this.members.has(node)) return null;
    if (node.op === 'map') return this.forwardMap(node);
    const [input] = node.inputs;
    const from = input ? this.forward(input) : null;
    if (!from || !input) return null;
    if (node.op === 'permute' || node.op === 'after') return from;
    if (node.op === 'rename') return new Map([...from, [node.attrs.to, indexOf(from, node.attrs.from)]]);
    if (node.op === 'split') {
      const { dim, into } = node.attrs;
      const axes = nodeAxes(node).filter(({ name }) => into.some((d) => d.name === name));
      const sizes = axes.map(({ size }) => size);
      const parts = this.math.split(indexOf(from, dim), sizes);
      return new Map([...from, ...axes.map(({ name }, i): [string, Expr] => [name, parts[i] ?? this.math.number(0)])]);
    }
    if (node.op !== 'merge') return null;
    const { dims, into } = node.attrs;
    const sizes = new Map(nodeAxes(input).map(({ name, size }) => [name, size]));
    const parts = dims.map((name) => ({ index: indexOf(from, name), size: sizes.get(name) ?? 1 }));
    return new Map([...from, [into, this.math.merge(parts)]]);
  }

  private forwardMap(node: Node): Index | null {
    const axes = nodeAxes(node);
    for (const input of node.inputs) {
      if (!sameSpace(axes, nodeAxes(input))) continue;
      const point = this.forward(input);
      if (point) return point;
    }
    return null;
  }
}
