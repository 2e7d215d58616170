// Takes: a group that sums over the rows of a tensor of which a kernel may not see all. Gives: groups that each sum a part of
// the rows, and one that adds the sums and stores what the group stores.
// Promises: equal values up to the order of sums; null where what is summed is needed again, element by element.
import type { Expr } from '../../3-graph/expr.ts';
import { variablesOf } from '../../3-graph/expr/walk.ts';
import { changeGroup, groupExprs, groupStores, loadsOf } from '../../5-optimize/group-parts.ts';
import type { Axis, Group, Store } from '../../5-optimize/groups.ts';
import { axisAt, mover, piecesOf } from './cut-axis.ts';
import type { WindowTable } from './window-table.ts';

/** A group as sums over `summed`, with a value of each at every point of `axes`, from which the stores are made. */
interface Sums {
  readonly axes: readonly Axis[];
  readonly results: readonly { readonly result: string; readonly fn: 'sum' | 'max' }[];
  /** What each of its sums is over. */
  readonly summed: readonly (readonly Axis[])[];
  readonly resize: (cut: (axes: readonly Axis[]) => Axis[]) => Group;
}

const sumsOf: { readonly [K in Group['kind']]: (group: Extract<Group, { kind: K }>) => Sums | null } = {
  map: () => null,
  attention: () => null,
  attention_grad: () => null,
  row: (group) => {
    const { axes, row, reductions, elementStores } = group;
    const names = new Set(reductions.map(({ result }) => result));
    const depend = reductions.some(({ value }) => [...variablesOf(value).keys()].some((name) => names.has(name)));
    if (elementStores.length > 0 || depend) return null;
    return { axes, results: reductions, summed: [row], resize: (cut) => ({ ...group, row: cut(row) }) };
  },
  contract: (group) => {
    const { batch, m, n, accumulators } = group;
    return {
      axes: [...batch, ...m, ...n],
      results: accumulators.map(({ result }) => ({ result, fn: 'sum' })),
      summed: accumulators.flatMap(({ terms }) => terms.map(({ k }) => k)),
      resize: (cut) => ({
        ...group,
        accumulators: accumulators.map(({ result, terms }) => ({
          result,
          terms: terms.map((term) => ({ ...term, k: cut(term.k) })),
        })),
      }),
    };
  },
  scatter: (group) => ({
    axes: [group.bins, ...group.axes],
    results: [{ result: 'sum', fn: 'sum' }],
    summed: [group.items],
    resize: (cut) => ({ ...group, items: cut(group.items) }),
  }),
};

const part: Axis['name'] = 'part of the sum';
const variable = (name: string): Expr => ({ kind: 'var', name, type: 'i32' });

export function inPartialSums(
  table: WindowTable,
  group: Group,
  tensor: number,
  large: readonly number[],
): Group[] | null {
  const sums = (sumsOf[group.kind] as (group: Group) => Sums | null)(group);
  const stores = groupStores(group);
  const stored = [...loadsOf(stores.flatMap(({ index, value }) => [...index, value])), ...stores];
  if (!sums || stored.some((place) => large.includes(place.tensor))) return null;
  const { operands, pointwise } = groupExprs(group);
  const places = loadsOf([...operands, ...pointwise]);
  const name = axisAt(table, places, tensor);
  const [axis] = sums.summed.flat().filter((each) => each.name === name);
  if (!axis || !sums.summed.every((axes) => axes.some((each) => each.name === name && each.size === axis.size)))
    return null;
  const cut = large.filter((other) => axisAt(table, places, other) === name);
  const pieces = piecesOf(table, axis, cut);
  const at = sums.axes.map((each) => variable(each.name));
  const partials = pieces && partialsOf(table, group.name, sums, pieces.length);
  if (!partials) return null;
  const summing = pieces.map(({ start, size }, i): Group => {
    const index: Expr[] = [{ kind: 'const', value: i, type: 'i32' }, ...at];
    const own = sums.results.map(({ result }, r): Store => ({ tensor: partials[r] ?? -1, index, value: { kind: 'var', name: result, type: 'f32' } })); // prettier-ignore
    const resized = sums.resize((axes) => axes.map((each) => (each.name === name ? { ...each, size } : each)));
    const { expr } = mover(table, axis.name, axis.name, start, size, cut);
    const made = changeGroup(resized, { expr, stores: (list) => (list.length === 0 ? [] : own) });
    return { ...made, name: `${group.name} ${i + 1}/${pieces.length}` };
  });
  return [...summing, addUp(group.name, sums, partials, pieces.length, stores)];
}

/** A tensor [parts, axes...] for each sum; null where that is too large itself. */
function partialsOf(table: WindowTable, name: string, { axes, results }: Sums, count: number): number[] | null {
  const dims = [{ name: part, size: count }, ...axes];
  if (!table.fits(dims)) return null;
  return results.map(({ result }) => table.add(`${name} ${result} in parts`, dims));
}

function addUp(
  name: string,
  { axes, results }: Sums,
  partials: readonly number[],
  count: number,
  rowStores: readonly Store[],
): Group {
  const index = [variable(part), ...axes.map((axis) => variable(axis.name))];
  const reductions = results.map(({ result, fn }, r) => {
    const value: Expr = { kind: 'load', tensor: partials[r] ?? -1, index, type: 'f32' };
    return { result, fn, value };
  });
  return {
    kind: 'row',
    name: `row:${name} added up`,
    axes,
    row: [{ name: part, size: count }],
    reductions,
    rowStores,
    elementStores: [],
  };
}
