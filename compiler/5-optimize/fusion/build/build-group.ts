// Takes: the members of a group to be, in topological order. Gives: the group, or null where no family can hold them.
// Promises: a group that is given computes its members and nothing else; it binds at most maxTensors tensors.
import type { Node } from '../../../3-graph/ops.ts';
import type { Group } from '../../groups.ts';
import { groupLoads, groupStores } from '../../group-parts.ts';
import { buildAttention, buildAttentionGrad } from './build-attention.ts';
import { buildContract } from './build-contract.ts';
import { buildMap, buildRow } from './build-row.ts';
import { buildScatter } from './build-scatter.ts';
import type { FusionContext } from './group-space.ts';
import { isSafeOrder } from './store-order.ts';

export type Family = Group['kind'];

/** Null leaves the members apart. */
type Build = (context: FusionContext, members: readonly Node[]) => Group | null;

const builders: { readonly [K in Family]: Build } = {
  map: buildMap,
  row: buildRow,
  contract: buildContract,
  attention: buildAttention,
  attention_grad: buildAttentionGrad,
  scatter: buildScatter,
};

function anchorFamily(node: Node): Family {
  if (node.op === 'reduce') return 'row';
  if (node.op === 'contract' || node.op === 'attention' || node.op === 'attention_grad') return node.op;
  return node.op === 'scatter_add' ? 'scatter' : 'map';
}

/** Null when the members have anchors of two families. */
export function familyOf(members: readonly Node[]): Family | null {
  const families = new Set(members.map(anchorFamily).filter((family) => family !== 'map'));
  const [family = 'map'] = families;
  return families.size > 1 ? null : family;
}

export function buildGroup(context: FusionContext, members: readonly Node[]): Group | null {
  const family = familyOf(members);
  const group = family ? builders[family](context, members) : null;
  return group && fits(context, members, group) ? group : null;
}

/**
 * A tensor the group writes may be read by it only in place: at the element that is written, by no later store, and not
 * as an operand.
 */
function fits(context: FusionContext, members: readonly Node[], group: Group): boolean {
  const { operands, pointwise } = groupLoads(group);
  const stores = new Map(groupStores(group).map((store) => [store.tensor, store.index]));
  const tensors = new Set([...operands, ...pointwise].map((load) => load.tensor).concat([...stores.keys()]));
  if (tensors.size > context.maxTensors) return false;
  const own = new Set(members.flatMap((member) => context.table.writesOf(member)));
  if (operands.some((load) => own.has(load.tensor)) || !isSafeOrder(groupStores(group))) return false;
  return pointwise.every(({ tensor, index }) => {
    if (!own.has(tensor)) return true;
    const at = stores.get(tensor);
    const outside = context.table.tensor(tensor).role !== 'temporary' && context.table.tensor(tensor).role !== 'output';
    return outside && at !== undefined && index.every((expr, i) => expr === at[i]);
  });
}
