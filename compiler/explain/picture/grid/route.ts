// Takes: cells on a grid and edges. Gives: for each edge the way it runs.
// Promises: an edge runs up only where no cell stands in its way; where there is none, it gets a lane of its own.
import type { Cell } from './cell.ts';
import type { Edge } from './grid.ts';

/** Channel r lies above rank r; edges turn sideways in it. */
export type Way =
  /** Up over the middle of a cell, the narrower of its two, or of a column that both cover. */
  | { readonly kind: 'straight'; readonly over: string | number }
  /** Up from its source, then sideways into an operator. */
  | { readonly kind: 'side' }
  | { readonly kind: 'turn'; readonly channel: number }
  /** Sideways into a lane to the right of all cells, up, and back: in channel `back`, or into the operator's side. */
  | { readonly kind: 'lane'; readonly channel: number; readonly lane: number; readonly back: number | null }
  /** Out of the left side and back into one, through column 0, which is empty. */
  | { readonly kind: 'link' };

export interface Route {
  readonly edge: Edge;
  readonly way: Way;
}

export function routeEdges(cells: readonly Cell[], edges: readonly Edge[]): Route[] {
  const byId = new Map(cells.map((cell) => [cell.id, cell]));
  const columns = Math.max(...cells.map((cell) => lastOf(cell) + 1));
  let lanes = 0;
  return edges.flatMap((edge) => {
    const [source, target] = [byId.get(edge.from), byId.get(edge.to)];
    if (source === undefined || target === undefined) return [];
    if (edge.link === true) return [{ edge, way: { kind: 'link' as const } }];
    const direct = directWay(cells, source, target);
    if (direct !== null) return [{ edge, way: direct }];
    const open = target.look === 'operator' && !isCrossed(cells, target, lastOf(target), columns);
    const back = open ? null : target.rank - 1;
    return [{ edge, way: { kind: 'lane' as const, channel: source.rank, lane: columns + lanes++, back } }];
  });
}

/** Without a lane, if there is such a way. */
function directWay(cells: readonly Cell[], source: Cell, target: Cell): Way | null {
  const free = (first: number, last: number, to: number): boolean =>
    !cells.some((cell) => cell.rank > source.rank && cell.rank <= to && cell.column <= last && first <= lastOf(cell));
  const below = target.rank - 1;
  const [first, last] = [Math.max(source.column, target.column), Math.min(lastOf(source), lastOf(target))];
  if (first <= last) {
    const narrow = (source.columns ?? 1) < (target.columns ?? 1) ? source : target;
    if (free(narrow.column, lastOf(narrow), below)) return { kind: 'straight', over: narrow.id };
    const shared = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    const open = shared.find((column) => free(column, column, below));
    return open === undefined ? null : { kind: 'straight', over: open };
  }
  const near = source.column < target.column ? target.column : lastOf(target);
  if (target.look === 'operator' && free(source.column, lastOf(source), target.rank)) {
    if (!isCrossed(cells, target, near, source.column)) return { kind: 'side' };
  }
  if (free(target.column, lastOf(target), below)) return { kind: 'turn', channel: source.rank };
  if (free(source.column, lastOf(source), below)) return { kind: 'turn', channel: below };
  return null;
}

/** Whether another cell stands in the row of `target`, between two columns. */
function isCrossed(cells: readonly Cell[], target: Cell, a: number, b: number): boolean {
  return cells.some(
    (cell) =>
      cell !== target &&
      cell.rank === target.rank &&
      lastOf(cell) > Math.min(a, b) - 1 &&
      cell.column < Math.max(a, b) + 1,
  );
}

function lastOf({ column, columns = 1 }: Cell): number {
  return column + columns - 1;
}
