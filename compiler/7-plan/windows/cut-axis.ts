// Takes: an axis of a group, and tensors whose rows it counts. Gives: pieces of it, and a group's expressions over one piece.
// Promises: the tensors are seen through windows; everything else is computed for the same place as before.
import { add } from '../../3-graph/expr-build.ts';
import type { Expr } from '../../3-graph/expr.ts';
import { mapOperands } from '../../3-graph/expr/walk.ts';
import type { Axis, Store } from '../../5-optimize/groups.ts';
import type { WindowTable } from './window-table.ts';

/** The axis that is the index of the tensor's rows wherever it is read or written; null where there is no such one. */
export function axisAt(
  table: WindowTable,
  places: readonly { readonly tensor: number; readonly index: readonly Expr[] }[],
  tensor: number,
): string | null {
  const dim = table.dimOf(tensor);
  const rows = places.filter((place) => place.tensor === tensor).map(({ index }) => index[dim]);
  const names = new Set(rows.map((row) => (row?.kind === 'var' ? row.name : null)));
  const [name = null] = names;
  return names.size === 1 ? name : null;
}

export interface Piece {
  readonly start: number;
  readonly size: number;
}

/** As few parts of the axis as there must be, of nearly one size. */
export function piecesOf(table: WindowTable, axis: Axis, cut: readonly number[]): Piece[] | null {
  const limits = cut.map((tensor) => table.rowsOf(tensor));
  const unit = Math.max(...limits.map((limit) => limit.unit));
  const most = Math.min(...limits.map(({ rows }) => Math.floor(rows / unit) * unit));
  if (most === 0 || cut.some((tensor) => table.tensor(tensor).dims[table.dimOf(tensor)]?.size !== axis.size))
    return null;
  const count = Math.ceil(axis.size / most);
  const size = Math.ceil(axis.size / count / unit) * unit;
  return Array.from({ length: Math.ceil(axis.size / size) }, (_, i) => ({
    start: i * size,
    size: Math.min(size, axis.size - i * size),
  }));
}

/** The axis counts from `start`; the tensors that are cut are windows, whose rows count from there too. */
export function mover(
  table: WindowTable,
  axis: string,
  name: string,
  start: number,
  size: number,
  cut: readonly number[],
) {
  const done = new Map<Expr, Expr>();
  const local: Expr = { kind: 'var', name, type: 'i32' };
  const windowed = (tensor: number, index: readonly Expr[]): { tensor: number; index: Expr[] } => {
    if (!cut.includes(tensor)) return { tensor, index: index.map(expr) };
    const dim = table.dimOf(tensor);
    return { tensor: table.windowOf(tensor, start, size), index: index.map((each, i) => (i === dim ? local : expr(each))) }; // prettier-ignore
  };
  const expr = (old: Expr): Expr => {
    const known = done.get(old);
    if (known) return known;
    const made = moved(old);
    done.set(old, made);
    return made;
  };
  const moved = (old: Expr): Expr => {
    if (old.kind === 'var') return old.name !== axis ? old : start === 0 ? local : add(local, { kind: 'const', value: start, type: 'i32' }); // prettier-ignore
    return old.kind === 'load' ? { ...old, ...windowed(old.tensor, old.index) } : mapOperands(old, expr);
  };
  return {
    expr,
    store: (store: Store): Store => ({ ...windowed(store.tensor, store.index), value: expr(store.value) }),
  };
}
