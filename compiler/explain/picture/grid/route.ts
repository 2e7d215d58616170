// Takes: cells on a grid and edges. Gives: for each edge the columns it runs in and the channels it turns in.
// Promises: an edge runs up only where no cell stands in its way; where there is none, it gets a lane of its own.
import type { Cell } from './cell.ts';

export interface Edge {
  readonly from: string;
  readonly to: string;
  /** Part of the residual stream. */
  readonly strong?: boolean;
  /** `link`: dashed, says that two cells share something. */
  readonly link?: boolean;
}

export interface Route {
  readonly edge: Edge;
  /** Where it leaves its source, enters its target; columns, lanes beyond the last. */
  readonly fromColumn: number;
  readonly toColumn: number;
  /** Enters an operator from the side, at the operator's height. */
  readonly side: boolean;
  /** Channel (above rank r) in which it turns from fromColumn to its lane or toColumn; null: straight. */
  readonly low: number | null;
  /** Of an edge with a lane: where it turns back. */
  readonly high: number | null;
  readonly lane: number | null;
  /** Leaves and enters at the left side, by column 0, which is empty. */
  readonly link: boolean;
}

export function routeEdges(cells: readonly Cell[], edges: readonly Edge[]): Route[] {
  const byId = new Map(cells.map((cell) => [cell.id, cell]));
  const columns = Math.max(...cells.map((cell) => lastOf(cell) + 1));
  let lanes = 0;
  return edges.flatMap((edge) => {
    const [source, target] = [byId.get(edge.from), byId.get(edge.to)];
    if (source === undefined || target === undefined) return [];
    const [fromColumn, toColumn] = [middleOf(source), middleOf(target)];
    const base = { edge, fromColumn, toColumn, side: false, low: null, high: null, lane: null, link: false };
    if (edge.link === true) return [{ ...base, link: true }];
    const direct = directRoute(cells, edge, source, target);
    if (direct !== null) return [direct];
    return [{ ...base, low: source.rank, high: target.rank - 1, lane: columns + lanes++ }];
  });
}

/** Without a lane, if there is such a way. */
function directRoute(cells: readonly Cell[], edge: Edge, source: Cell, target: Cell): Route | null {
  const free = (column: number, from: number, to: number): boolean =>
    !cells.some((cell) => cell.rank >= from && cell.rank <= to && cell.column <= column && column <= lastOf(cell));
  const [above, below] = [source.rank + 1, target.rank - 1];
  const base = { edge, side: false, low: null, high: null, lane: null, link: false };
  const shared = sharedColumn(source, target);
  if (shared !== null && free(shared, above, below)) return { ...base, fromColumn: shared, toColumn: shared };
  if (shared !== null) return null;
  const [fromColumn, toColumn] = [middleOf(source), middleOf(target)];
  if (target.look === 'operator' && free(fromColumn, above, target.rank)) {
    const between = cells.some(
      (cell) => cell !== target && cell.rank === target.rank && isBetween(cell, fromColumn, toColumn),
    );
    if (!between) return { ...base, fromColumn, toColumn, side: true };
  }
  if (free(toColumn, above, below)) return { ...base, fromColumn, toColumn, low: source.rank };
  if (free(fromColumn, above, below)) return { ...base, fromColumn, toColumn, low: target.rank - 1 };
  return null;
}

function isBetween(cell: Cell, a: number, b: number): boolean {
  return lastOf(cell) > Math.min(a, b) && cell.column < Math.max(a, b);
}

function lastOf({ column, columns = 1 }: Cell): number {
  return column + columns - 1;
}

function middleOf(cell: Cell): number {
  return (cell.column + lastOf(cell)) / 2;
}

/** The column in which two cells stand one over the other; the middle of the narrower. */
function sharedColumn(a: Cell, b: Cell): number | null {
  const [from, to] = [Math.max(a.column, b.column), Math.min(lastOf(a), lastOf(b))];
  return from > to ? null : (from + to) / 2;
}
