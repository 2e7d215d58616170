// Takes: a scatter_add and what follows it element by element. Gives: a scatter group.
// Promises: null where a member has no place in bins x axes.
import type { Node } from '../../../3-graph/ops.ts';
import { invariant } from '../../../diagnostics.ts';
import type { ScatterGroup, Store } from '../../groups.ts';
import { inputOf, nodeAxes } from '../elements/node-axes.ts';
import { type FusionContext, GroupSpace } from './group-space.ts';
import { groupName, inSafeOrder } from './store-order.ts';

export function buildScatter(context: FusionContext, members: readonly Node[]): ScatterGroup | null {
  const [node, second] = members.filter((member) => member.op === 'scatter_add');
  invariant(node, 'a scatter group has a scatter_add');
  if (second) return null;
  const [indices, updates] = [inputOf(node, 0), inputOf(node, 1)];
  const [bins, ...axes] = nodeAxes(node);
  const items = nodeAxes(indices);
  invariant(bins, 'a scatter_add has a bin dim');
  const space = new GroupSpace(context, members, [bins, ...axes, ...items]);
  const point = space.identity([bins, ...axes]);
  const source = space.identity([...items, ...axes]);
  const [bin, value] = [space.elements.at(indices, source), space.elements.at(updates, source)];
  const stores: Store[] = [];
  for (const member of members) {
    const isAnchor = member === node;
    const own = isAnchor
      ? space.storesOf(node, point, space.result(node, 'sum', point))
      : space.member(member, [[bins, ...axes]]);
    if (!own) return null;
    stores.push(...own);
  }
  if (space.failed) return null;
  const name = groupName('scatter', members);
  return { kind: 'scatter', name, bins, axes, items, bin, value, stores: inSafeOrder(stores) };
}
