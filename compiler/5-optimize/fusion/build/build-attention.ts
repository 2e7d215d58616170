// Takes: attention nodes of the same queries, keys and values, and what follows them element by element.
// Gives: an attention or attention_grad group. Promises: axes are named query, key, depth, value_depth in every model.
import { attentionDims, biasOf } from '../../../3-graph/infer/attention-dims.ts';
import type { Expr } from '../../../3-graph/expr.ts';
import { variable } from '../../../3-graph/expr-build.ts';
import { substitute } from '../../../3-graph/expr/walk.ts';
import type { Node, NodeOf } from '../../../3-graph/ops.ts';
import type { Size } from '../../../3-graph/types.ts';
import { invariant } from '../../../diagnostics.ts';
import type { AttentionGradGroup, AttentionGroup, AttentionParts, Axis, Store } from '../../groups.ts';
import { axesOf, inputOf } from '../elements/node-axes.ts';
import { type FusionContext, GroupSpace } from './group-space.ts';
import { groupName, inSafeOrder } from './store-order.ts';

type AttentionNode = NodeOf<'attention'> | NodeOf<'attention_grad'>;

/** The space of one attention: its axes, and where each of its tensors' dims is in it. */
class AttentionSpace {
  readonly space: GroupSpace;
  readonly parts: AttentionParts;
  private readonly node: AttentionNode;
  private readonly shared: Map<string, Expr>;
  private readonly members: readonly Node[];

  constructor(context: FusionContext, members: readonly Node[], node: AttentionNode) {
    const { attrs } = node;
    this.node = node;
    this.members = members;
    const dims = attentionDims(attrs, inputOf(node, 0).type, inputOf(node, 1).type, inputOf(node, 2).type);
    const axes = {
      batch: axesOf(dims.batch),
      heads: axesOf(dims.heads),
      query: sized('query', dims.query),
      key: sized('key', dims.key),
      depth: sized('depth', dims.depth),
      valueDepth: sized('value_depth', dims.valueDepth),
    };
    const { batch, heads, query, key, depth, valueDepth } = axes;
    this.space = new GroupSpace(context, members, [...batch, ...heads, query, key, depth, valueDepth]);
    this.shared = this.space.identity([...batch, ...heads]);
    const positions = new Map([
      ['query', variable('query_position', 'i32')],
      ['key', variable('key_position', 'i32')],
    ]);
    const { pool } = context;
    const bias = biasOf(attrs, node.inputs, node.op === 'attention_grad');
    const scored = bias ? new Map([...positions, ['bias', this.elementOf(bias, 'key')]]) : positions;
    this.parts = {
      ...axes,
      q: this.operand(0, 'query', 'depth'),
      k: this.operand(1, 'key', 'depth'),
      v: this.operand(2, 'key', 'valueDepth'),
      offset: this.operand(3),
      score: pool.intern(substitute(attrs.score, scored)),
      mask: pool.intern(substitute(attrs.mask, positions)),
      dropout: attrs.dropout ? { ...attrs.dropout, seed: this.operand(node.inputs.length - 1) } : null,
    };
  }

  operand(i: number, ...along: readonly Role[]): Expr {
    return this.elementOf(inputOf(this.node, i), ...along);
  }

  private elementOf(input: Node, ...along: readonly Role[]): Expr {
    return this.space.wide(input, this.point(along));
  }

  /** The point of a tensor over the batch, heads and the named roles. */
  point(along: readonly Role[]): Map<string, Expr> {
    const point = new Map(this.shared);
    for (const role of along) point.set(this.node.attrs[role], this.space.math.axis(roleAxis(role)));
    return point;
  }

  /** Stores of an attention node, and of the members that follow it. Null when a member has no place here. */
  stores(
    results: readonly (readonly [node: Node | undefined, name: string, along: readonly Role[]])[],
  ): Store[][] | null {
    const lists = results.map(([node, name, along]) => {
      if (!node) return [];
      const point = this.point(along);
      return this.space.storesOf(node, point, this.space.wideResult(node, name, point));
    });
    for (const member of this.members) {
      if (member.op === 'attention' || member.op === 'attention_grad') continue;
      const own = this.space.member(member, []);
      const at = results.findIndex(([node]) => node && own && this.follows(member, node));
      const list = lists[at];
      if (!own || !list) return null;
      list.push(...own);
    }
    return this.space.failed ? null : lists.map(inSafeOrder);
  }

  /** Whether the two are computed at one point. */
  private follows(member: Node, node: Node): boolean {
    const { locals } = this.space.elements;
    const [own, other] = [locals.get(member)?.point, locals.get(node)?.point];
    if (!own || !other) return false;
    const [mine, theirs] = [variablesAt(own, member), variablesAt(other, node)];
    return mine.size === theirs.size && [...mine].every((expr) => theirs.has(expr));
  }
}

const sized = (name: string, { size }: { readonly size: Size }): Axis => ({ name, size: Number(size) });

/** The variables in where a point has the dims of a node. */
const variablesAt = (point: ReadonlyMap<string, Expr>, node: Node): Set<Expr> =>
  new Set(node.type.dims.flatMap((dim) => [...variablesIn(point.get(dim.name))]));

type Role = 'query' | 'key' | 'depth' | 'valueDepth';

const roleAxis = (role: Role): Axis => ({ name: role === 'valueDepth' ? 'value_depth' : role, size: 1 });

function variablesIn(expr: Expr | undefined): Set<Expr> {
  const found = new Set<Expr>();
  const visit = (e: Expr): void => {
    if (e.kind === 'var') found.add(e);
    if (e.kind === 'binary') [e.x, e.y].forEach(visit);
  };
  if (expr) visit(expr);
  return found;
}

export function buildAttention(context: FusionContext, members: readonly Node[]): AttentionGroup | null {
  const nodes = members.filter((node) => node.op === 'attention');
  const [first] = nodes;
  invariant(first, 'an attention group has an attention');
  const space = new AttentionSpace(context, members, first);
  const part = (name: 'out' | 'lse'): Node | undefined => nodes.find((node) => node.attrs.part === name);
  const lists = space.stores([
    [part('out'), 'out', ['query', 'valueDepth']],
    [part('lse'), 'lse', ['query']],
  ]);
  if (!lists) return null;
  const [outStores = [], lseStores = []] = lists;
  return { kind: 'attention', name: groupName('attention', members), ...space.parts, outStores, lseStores };
}

export function buildAttentionGrad(context: FusionContext, members: readonly Node[]): AttentionGradGroup | null {
  const nodes = members.filter((node) => node.op === 'attention_grad');
  const [first] = nodes;
  invariant(first, 'an attention_grad group has an attention_grad');
  const part = (name: 'q' | 'k' | 'v'): Node | undefined => nodes.find((node) => node.attrs.part === name);
  if (part('q') && nodes.length > 1) return null;
  const space = new AttentionSpace(context, members, first);
  const [dout, lse, delta] = [
    space.operand(4, 'query', 'valueDepth'),
    space.operand(5, 'query'),
    space.operand(6, 'query'),
  ];
  const lists = space.stores([
    [part('q'), 'dq', ['query', 'depth']],
    [part('k'), 'dk', ['key', 'depth']],
    [part('v'), 'dv', ['key', 'valueDepth']],
  ]);
  if (!lists) return null;
  const [dqStores = [], dkStores = [], dvStores = []] = lists;
  const pass = part('q') ? 'query' : 'key';
  const name = groupName(`attention_grad.${pass}`, members);
  return { kind: 'attention_grad', name, pass, ...space.parts, dout, lse, delta, dqStores, dkStores, dvStores };
}
