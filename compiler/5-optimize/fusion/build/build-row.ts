// Takes: members without an anchor, or reductions over one row space and what stands around them.
// Gives: a map or a row group. Promises: null where a member has no place in the space.
import type { Node } from '../../../3-graph/ops.ts';
import { invariant } from '../../../diagnostics.ts';
import type { Axis, MapGroup, RowGroup, Store } from '../../groups.ts';
import { inputOf, nodeAxes, sameSpace } from '../elements/node-axes.ts';
import { type FusionContext, GroupSpace } from './group-space.ts';
import { groupName, inSafeOrder } from './store-order.ts';
import { writesInPlace } from '../lower-graph.ts';

export function buildMap(context: FusionContext, members: readonly Node[]): MapGroup | null {
  const [first] = members;
  invariant(first, 'a group has members');
  const axes = nodeAxes(writesInPlace(first, context.targets.get(first) ?? []) ? inputOf(first, 1) : first);
  const space = new GroupSpace(context, members, axes);
  const stores: Store[] = [];
  for (const node of members) {
    const own = space.member(node, [axes]);
    if (!own) return null;
    stores.push(...own);
  }
  if (space.failed) return null;
  return { kind: 'map', name: groupName('map', members), axes, stores: inSafeOrder(stores) };
}

export function buildRow(context: FusionContext, members: readonly Node[]): RowGroup | null {
  const first = members.find((node) => node.op === 'reduce');
  invariant(first?.op === 'reduce', 'a row group has a reduction');
  const axes = nodeAxes(first);
  const row = nodeAxes(inputOf(first)).filter(({ name }) => first.attrs.dims.includes(name));
  const all = [...axes, ...row];
  const space = new GroupSpace(context, members, all);
  const point = space.identity(all);
  const reductions: RowGroup['reductions'][number][] = [];
  const [rowStores, elementStores]: [Store[], Store[]] = [[], []];
  for (const node of members) {
    if (node.op === 'reduce') {
      if (!sameSpace(nodeAxes(node), axes) || !sameSpace(nodeAxes(inputOf(node)), all)) return null;
      const result = `r${reductions.length}`;
      reductions.push({ result, fn: node.attrs.fn, value: space.elements.at(inputOf(node), point) });
      rowStores.push(...space.storesOf(node, point, space.result(node, result, point)));
      continue;
    }
    const own = space.member(node, [all, axes]);
    if (!own) return null;
    (isRowLevel(node, axes, row) ? rowStores : elementStores).push(...own);
  }
  if (space.failed || tooFewRows(axes, row, elementStores)) return null;
  const name = groupName('row', members);
  return { kind: 'row', name, axes, row, reductions, rowStores: inSafeOrder(rowStores), elementStores: inSafeOrder(elementStores) }; // prettier-ignore
}

/** One value per row: as many elements as there are rows (a row of one element is the same either way). */
function isRowLevel(node: Node, axes: readonly Axis[], row: readonly Axis[]): boolean {
  const own = nodeAxes(node);
  return count(own) === count(axes) && count(row) !== 1 ? true : sameSpace(own, axes);
}

const count = (axes: readonly Axis[]): number => axes.reduce((n, axis) => n * axis.size, 1);

/** Long rows, few of them, leave a device idle, and elements that are not the row's neighbours are read badly. */
function tooFewRows(axes: readonly Axis[], row: readonly Axis[], elementStores: readonly Store[]): boolean {
  if (elementStores.length === 0) return false;
  const last = row.at(-1)?.name;
  const scattered = elementStores.some(({ index }) => {
    const at = index.at(-1);
    return at?.kind === 'var' && at.name !== last;
  });
  return scattered || (count(row) > 8192 && count(axes) < 32);
}
