// Takes: the sides of an attention pass and the rows of a tile. Gives: WGSL of their positions and of the columns they need.
// Promises: columns outside of the range are seen by no row of the tile.
import { isConstant, variable } from '../../../3-graph/expr-build.ts';
import type { Axis } from '../../../5-optimize/groups.ts';
import { columnRange, positionAt, rowSpan, rowsAreQueries } from '../../analysis/attention-rows.ts';
import type { Sides } from '../../analysis/attention-sides.ts';
import { axesAt } from '../../analysis/contract-loops.ts';
import { pointCount } from '../../analysis/touched.ts';
import { opaque } from '../contract/tile-text.ts';
import type { WgslScope } from '../wgsl-scope.ts';

/** Binds the position of the query or key that stands at `place`. */
export function bindPosition(scope: WgslScope, sides: Sides, axis: Axis, place: string): void {
  const { name, value } = positionAt(sides, axis, place);
  scope.bind(name, scope.value(value));
}

/** Binds the axes and the position of the row at `text` (u32), the last one again beyond the edge. */
export function bindRow(scope: WgslScope, sides: Sides, place: string, text: string): void {
  const row = scope.let(`min(${text}, ${pointCount(sides.rows) - 1}u)`, 'row');
  scope.bindAxes(axesAt(sides.rows, place), row);
  bindPosition(scope, sides, rowsAreQueries(sides) ? sides.group.query : sides.group.key, place);
}

/** Binds the index and the position of the column at `text` (i32), the last one again beyond the edge; `place` is `text`. */
export function bindColumn(scope: WgslScope, sides: Sides, place: string, text: string): void {
  const { column } = sides;
  const at = scope.let(text, 'place');
  scope.bind(`place#${place}`, at);
  scope.bind(`${column.name}#${place}`, scope.let(`min(${at}, ${column.size - 1})`, 'column'), column.size);
  bindPosition(scope, sides, column, place);
}

/** Declares `first` and `end`: columns outside are not seen by the rows from `top` on. */
export function writeRange(root: WgslScope, sides: Sides, tile: number): void {
  root.bind('rows#top', root.let('i32(top)', 'top_row'));
  const { from, to } = columnRange(sides, rowSpan(sides, variable('rows#top', 'i32'), tile));
  root.share([sides.group.offset, from, to]);
  const { size } = sides.column;
  root.line(`let first = ${root.expr(from)};`);
  root.line(`let end = ${isConstant(to, size) ? opaque(size) : root.expr(to)};`);
  root.bind('end', 'end');
}
