// Takes: the sides of an attention pass and the rows of a tile. Gives: positions of rows, and the range of columns they need.
// Promises: columns outside of the range are seen by no row of the tile.
import { add, variable } from '../../../3-graph/expr-build.ts';
import type { Expr } from '../../../3-graph/expr.ts';
import { substitute } from '../../../3-graph/expr/walk.ts';
import type { Axis } from '../../../5-optimize/groups.ts';
import { opaque } from '../../analysis/contract-loops.ts';
import { pointCount } from '../../analysis/touched.ts';
import type { WgslScope } from '../wgsl-scope.ts';
import { keyRange, queryRange } from '../../analysis/mask-bounds.ts';
import type { Span } from '../../analysis/mask-bounds.ts';
import type { Sides } from '../../analysis/attention-sides.ts';

export const rowsAreQueries = ({ group, column }: Sides): boolean => column.name === group.key.name;

export const rowPosition = (sides: Sides): string => (rowsAreQueries(sides) ? 'query_position' : 'key_position');
export const columnPosition = (sides: Sides): string => (rowsAreQueries(sides) ? 'key_position' : 'query_position');

const renamed = (names: readonly string[], place: string, type: 'i32' | 'f32'): [string, Expr][] =>
  names.map((name) => [name, variable(`${name}#${place}`, type)]);

/** Names of a pair's expressions as seen from one row and one column. */
export function pairAt(expr: Expr, sides: Sides, row: string, column: string): Expr {
  return substitute(
    expr,
    new Map([
      ...renamed([...sides.rows.map((axis) => axis.name), rowPosition(sides)], row, 'i32'),
      ...renamed([sides.column.name, columnPosition(sides), 'place'], column, 'i32'),
      ...renamed(['score', 'dp'], row + column, 'f32'),
    ]),
  );
}

/** Binds the position of the query or key that stands at `place`. */
export function bindPosition(scope: WgslScope, sides: Sides, axis: Axis, place: string): void {
  const { group } = sides;
  const index = variable(`${axis.name}#${place}`, 'i32');
  const isQuery = axis.name === group.query.name;
  const name = isQuery ? 'query_position' : 'key_position';
  scope.bind(`${name}#${place}`, scope.value(isQuery ? add(group.offset, index) : index));
}

/** Declares `first` and `end`: columns outside are not seen by the rows from `top` on. */
export function writeRange(root: WgslScope, sides: Sides, tile: number): void {
  const { group } = sides;
  const offset = root.value(group.offset);
  const count = pointCount(sides.rows);
  const size = rowsAreQueries(sides) ? group.query.size : group.key.size;
  const { first, last } = indices(root, tile, count, size);
  const span: Span = rowsAreQueries(sides)
    ? { first: root.let(`${first} + ${offset}`, 'first_row'), last: root.let(`${last} + ${offset}`, 'last_row') }
    : { first: root.let(first, 'first_row'), last: root.let(last, 'last_row') };
  const range = rowsAreQueries(sides)
    ? keyRange(group.mask, span, group.key.size)
    : queryRange(group.mask, span, offset, group.query.size);
  root.line(`let first = ${range.from};`, `let end = ${range.to === String(sides.column.size) ? opaque(sides.column.size) : range.to};`); // prettier-ignore
  root.bind('end', 'end');
}

/** Least and greatest index of the rows of a tile along an axis of `size`, the last of the axes of the rows. */
function indices(root: WgslScope, tile: number, rows: number, size: number): Span {
  if (size === 1) return { first: '0', last: '0' };
  if (size % tile === 0) {
    const first = root.let(`i32(top % ${size}u)`, 'index');
    return { first, last: `${first} + ${tile - 1}` };
  }
  root.line(`let bottom = min(top + ${tile}u, ${rows}u) - 1u;`, `let together = top / ${size}u == bottom / ${size}u;`);
  return {
    first: root.let(`select(0, i32(top % ${size}u), together)`, 'index'),
    last: root.let(`select(${size - 1}, i32(bottom % ${size}u), together)`, 'index'),
  };
}
