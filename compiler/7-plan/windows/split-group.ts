// Takes: a group over tensors of which a kernel may not see all. Gives: groups over windows of them, one after the other.
// Promises: together they compute what the group does; a group stays as it is where one element needs more than a window.
import type { Expr } from '../../3-graph/expr.ts';
import { changeGroup, groupExprs, groupStores, groupTensors, loadsOf } from '../../5-optimize/group-parts.ts';
import type { Axis, ContractGroup, Group, Store } from '../../5-optimize/groups.ts';
import { axisAt, mover, piecesOf } from './cut-axis.ts';
import { inPartialSums } from './partial-sums.ts';
import type { WindowTable } from './window-table.ts';

type Term = ContractGroup['accumulators'][number]['terms'][number];

/** The axes along which a group may be cut in several: each point of them is computed by itself. */
const outerAxes: { readonly [K in Group['kind']]: (group: Extract<Group, { kind: K }>) => readonly Axis[] } = {
  map: ({ axes }) => axes,
  row: ({ axes }) => axes,
  contract: ({ batch, m, n }) => [...batch, ...m, ...n],
  // The counter of dropped pairs is the place among all of them.
  attention: ({ batch, dropout }) => (dropout ? [] : batch),
  attention_grad: ({ batch, dropout }) => (dropout ? [] : batch),
  scatter: ({ axes }) => axes,
};

const resized: {
  readonly [K in Group['kind']]: (group: Extract<Group, { kind: K }>, cut: (axes: readonly Axis[]) => Axis[]) => Group;
} = {
  map: (group, cut) => ({ ...group, axes: cut(group.axes) }),
  row: (group, cut) => ({ ...group, axes: cut(group.axes) }),
  contract: (group, cut) => ({ ...group, batch: cut(group.batch), m: cut(group.m), n: cut(group.n) }),
  attention: (group, cut) => ({ ...group, batch: cut(group.batch) }),
  attention_grad: (group, cut) => ({ ...group, batch: cut(group.batch) }),
  scatter: (group, cut) => ({ ...group, axes: cut(group.axes) }),
};

export function splitGroup(table: WindowTable, group: Group): readonly Group[] {
  const { read, written } = groupTensors(group);
  const large = [...new Set([...read, ...written])].filter((tensor) => table.isLarge(tensor));
  for (const tensor of large) {
    const parts =
      alongAxis(table, group, tensor, large) ??
      (group.kind === 'contract' ? alongSum(table, group, tensor, large) : null) ??
      inPartialSums(table, group, tensor, large);
    if (parts) return parts.flatMap((part) => splitGroup(table, part));
  }
  return [group];
}

/** Groups side by side: each has a part of an axis. Null where the rows of the tensor are no axis of the group. */
function alongAxis(table: WindowTable, group: Group, tensor: number, large: readonly number[]): Group[] | null {
  const places = [...loadsOf(allExprs(group)), ...groupStores(group)];
  const name = axisAt(table, places, tensor);
  const axis = (outerAxes[group.kind] as (group: Group) => readonly Axis[])(group).find((each) => each.name === name);
  if (!axis) return null;
  const cut = large.filter((other) => axisAt(table, places, other) === axis.name);
  return piecesOf(table, axis, cut)?.map(({ start, size }, i, all) => {
    const moved = mover(table, axis.name, axis.name, start, size, cut);
    const stores = (list: readonly Store[]): Store[] => list.map(moved.store);
    const resize = resized[group.kind] as (group: Group, cut: (axes: readonly Axis[]) => Axis[]) => Group;
    const part = resize(group, (axes) => axes.map((each) => (each.name === axis.name ? { ...each, size } : each)));
    return { ...changeGroup(part, { expr: moved.expr, stores }), name: `${group.name} ${i + 1}/${all.length}` };
  }) ?? null; // prettier-ignore
}

/**
 * One group whose sums have a term for each window. Null where the rows are not what is summed over, or the windows are more
 * than a group may bind.
 */
function alongSum(table: WindowTable, group: ContractGroup, tensor: number, large: readonly number[]): Group[] | null {
  const stored = group.stores.flatMap(({ index, value }) => [...index, value]);
  if ([...loadsOf(stored), ...group.stores].some((place) => place.tensor === tensor)) return null;
  const terms = group.accumulators.flatMap((accumulator) => accumulator.terms);
  const size = table.tensor(tensor).dims[table.dimOf(tensor)]?.size;
  // Windows of one tensor are the same in all terms, so all terms that could be cut are.
  const cut = large.filter((other) => terms.some((term) => summedAxis(table, term, other)?.size === size));
  const accumulators = group.accumulators.map(({ result, terms: own }) => {
    const parts = own.map((term) => cutTerm(table, term, tensor, cut));
    return parts.every((part) => part !== null) ? { result, terms: parts.flat() } : null;
  });
  if (!accumulators.every((accumulator) => accumulator !== null)) return null;
  const made = { ...group, accumulators };
  const { read, written } = groupTensors(made);
  return new Set([...read, ...written]).size <= table.maxTensors ? [made] : null;
}

function summedAxis(table: WindowTable, { k, a, b }: Term, tensor: number): Axis | undefined {
  const name = axisAt(table, loadsOf([a, b]), tensor);
  return k.find((each) => each.name === name);
}

/** The term itself where it has nothing to cut; null where it has the tensor, but not along what it sums over. */
function cutTerm(table: WindowTable, term: Term, tensor: number, cut: readonly number[]): Term[] | null {
  const axis = cut.map((other) => summedAxis(table, term, other)).find((each) => each !== undefined);
  const here = cut.filter((other) => axis && summedAxis(table, term, other) === axis);
  const isRead = loadsOf([term.a, term.b]).some((load) => load.tensor === tensor);
  if (!axis || (isRead && !here.includes(tensor))) return isRead ? null : [term];
  const pieces = piecesOf(table, axis, cut);
  return pieces && pieces.map(({ start, size }, i) => {
    const own = `${axis.name}_${i}`;
    const { expr } = mover(table, axis.name, own, start, size, here);
    const k = term.k.map((each) => (each === axis ? { name: own, size } : each));
    return { k, a: expr(term.a), b: expr(term.b) };
  }); // prettier-ignore
}

function allExprs(group: Group): readonly Expr[] {
  const { operands, pointwise } = groupExprs(group);
  return [...operands, ...pointwise];
}
