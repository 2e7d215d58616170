// Takes: the sides of an attention pass, and rows of it. Gives: positions of the rows, and the columns they need.
// Promises: columns outside of the range are seen by none of the rows.
import { add, constant, div, eq, min, mod, not, select, sub, variable } from '../../3-graph/expr-build.ts';
import type { Expr } from '../../3-graph/expr.ts';
import { substitute } from '../../3-graph/expr/walk.ts';
import type { Axis } from '../../5-optimize/groups.ts';
import type { Sides } from './attention-sides.ts';
import { keyRange, queryRange } from './mask-bounds.ts';
import type { Range, Span } from './mask-bounds.ts';
import { pointCount } from './touched.ts';

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

/** Name and value of the position of the query or key that stands at `place`. */
export function positionAt(
  { group }: Sides,
  axis: Axis,
  place: string,
): { readonly name: string; readonly value: Expr } {
  // prettier-ignore
  const index = variable(`${axis.name}#${place}`, 'i32');
  const isQuery = axis.name === group.query.name;
  const value = isQuery ? add(group.offset, index) : index;
  return { name: `${isQuery ? 'query_position' : 'key_position'}#${place}`, value };
}

/** Least and greatest index of rows top .. top + tile - 1 (i32, row-major) along the last of the axes of the rows. */
export function rowSpan(sides: Sides, top: Expr, tile: number): Span {
  const { size } = rowsAreQueries(sides) ? sides.group.query : sides.group.key;
  const rows = pointCount(sides.rows);
  const zero = constant(0, 'i32');
  if (size === 1) return { first: zero, last: zero };
  if (size % tile === 0) {
    const first = size === rows ? top : mod(top, size);
    return { first, last: add(first, tile - 1) };
  }
  const bottom = sub(min(add(top, tile), rows), 1);
  if (size === rows) return { first: top, last: bottom };
  const together = eq(div(top, size), div(bottom, size));
  return { first: select(together, mod(top, size), zero), last: select(together, mod(bottom, size), size - 1) };
}

/** Columns that rows at these indices along the last of their axes may see. */
export function columnRange(sides: Sides, { first, last }: Span): Range {
  const { mask, offset, key, query } = sides.group;
  return rowsAreQueries(sides)
    ? keyRange(mask, { first: add(first, offset), last: add(last, offset) }, key.size)
    : queryRange(mask, { first, last }, offset, query.size);
}

/**
 * Columns outside of all of these are seen by every row at these indices along the last of their axes: a range for every
 * part of the mask that must hold.
 */
export function unseenRanges(sides: Sides, span: Span): readonly Range[] {
  const { group } = sides;
  const parts = (mask: Expr): readonly Expr[] =>
    mask.kind === 'binary' && mask.fn === 'and' ? [...parts(mask.x), ...parts(mask.y)] : [mask];
  return parts(group.mask).map((part) => columnRange({ ...sides, group: { ...group, mask: not(part) } }, span));
}
