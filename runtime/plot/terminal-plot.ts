// Takes: curves. Gives: their picture in characters: braille dots in colour, or one mark a curve where there is none.
// Promises: as wide and high as asked, axes included; lines end without blanks.
import { type Extent, extentOf, type Point, roundTicks, type Series, smoothed, tickText } from './series.ts';

export interface TerminalPlot {
  /** Of the whole picture, in characters. */
  readonly width: number;
  readonly height: number;
  /** A colour for each curve; null: marks tell them apart. */
  readonly paint: readonly ((text: string) => string)[] | null;
}

/** Without colour: the mark of each curve, and of a place where several are. */
export const marks = ['●', '○', '◇', '◆'] as const;
const severalMark = '◐';

export function plotText(series: readonly Series[], { width, height, paint }: TerminalPlot): string {
  const extent = extentOf(series);
  if (extent === null) return 'no steps yet';
  const ticks = roundTicks(extent.y, Math.max(2, Math.floor(height / 3)));
  const labels = ticks.map((tick) => tickText(tick, ticks));
  const gutter = Math.max(...labels.map(({ length }) => length));
  const [columns, rows] = [Math.max(8, width - gutter - 2), Math.max(3, height - 2)];
  const [dotsX, dotsY] = paint === null ? [1, 1] : [2, 4];
  const rasters = series.map(({ points }) => raster(smoothed(points), extent, columns * dotsX, rows * dotsY));
  const rowOf = (y: number): number => Math.round(((extent.y[1] - y) / (extent.y[1] - extent.y[0])) * (rows - 1));
  const named = new Map(ticks.map((tick, i) => [rowOf(tick), labels[i] ?? '']));
  const lines = Array.from({ length: rows }, (_, row) => {
    const label = named.get(row);
    const cells = Array.from({ length: columns }, (__, column) => cellText(rasters, row, column, paint));
    return `${(label ?? '').padStart(gutter)} ${label === undefined ? '│' : '┤'}${trimmed(cells)}`;
  });
  return [...lines, `${' '.repeat(gutter + 1)}└${'─'.repeat(columns)}`, xLabels(extent.x, gutter + 2, columns)].join(
    '\n',
  );
}

/** Rows of dots that a curve passes in each column of dots. */
type Raster = readonly (readonly [number, number] | null)[];

function raster(points: readonly Point[], { x, y }: Extent, width: number, height: number): Raster {
  const columnOf = (value: number): number => Math.round(((value - x[0]) / (x[1] - x[0])) * (width - 1));
  const rowOf = (value: number): number => Math.round(((y[1] - value) / (y[1] - y[0])) * (height - 1));
  const means = columnMeans(points, columnOf);
  const known = [...means.keys()].sort((a, b) => a - b);
  const rows = Array.from({ length: width }, (_, column) => {
    const [before, after] = [known.findLast((each) => each <= column), known.find((each) => each >= column)];
    if (before === undefined || after === undefined) return null;
    const [from, to] = [means.get(before) ?? 0, means.get(after) ?? 0];
    return rowOf(before === after ? from : from + ((to - from) * (column - before)) / (after - before));
  });
  // Up or down to the column before, so that steep parts have no gaps.
  return rows.map((row, column) => {
    const last = rows[column - 1] ?? row;
    if (row === null || last === null) return null;
    return row > last ? [last + 1, row] : [row, Math.max(row, last - 1)];
  });
}

function columnMeans(points: readonly Point[], columnOf: (x: number) => number): ReadonlyMap<number, number> {
  const sums = new Map<number, { total: number; count: number }>();
  for (const { x, y } of points) {
    const sum = sums.get(columnOf(x)) ?? { total: 0, count: 0 };
    sums.set(columnOf(x), { total: sum.total + y, count: sum.count + 1 });
  }
  return new Map([...sums].map(([column, { total, count }]) => [column, total / count]));
}

/** Bits of a braille character: dots 1 2 3 7 on the left, 4 5 6 8 on the right. */
const brailleBits: readonly (readonly number[])[] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]]; // prettier-ignore

function cellText(rasters: readonly Raster[], row: number, column: number, paint: TerminalPlot['paint']): string {
  if (paint === null) {
    const present = rasters.flatMap((spans, i) => (covers(spans[column], row) ? [i] : []));
    const [only] = present;
    if (only === undefined) return ' ';
    return present.length > 1 ? severalMark : (marks[only % marks.length] ?? severalMark);
  }
  const masks = rasters.map((spans) => {
    const bits = brailleBits.flatMap((column4, dx) =>
      column4.map((bit, dy) => (covers(spans[2 * column + dx], 4 * row + dy) ? bit : 0)),
    );
    return bits.reduce((all, bit) => all | bit, 0);
  });
  const whole = masks.reduce((all, mask) => all | mask, 0);
  if (whole === 0) return ' ';
  const owner = masks.indexOf(Math.max(...masks));
  return (paint[owner % paint.length] ?? String)(String.fromCodePoint(0x2800 + whole));
}

function covers(span: readonly [number, number] | null | undefined, row: number): boolean {
  return span !== null && span !== undefined && span[0] <= row && row <= span[1];
}

function trimmed(cells: readonly string[]): string {
  const end = cells.findLastIndex((cell) => cell !== ' ');
  return cells.slice(0, end + 1).join('');
}

function xLabels(range: readonly [number, number], from: number, columns: number): string {
  const ticks = roundTicks(range, Math.max(2, Math.floor(columns / 12)));
  let line = ' '.repeat(from);
  for (const tick of ticks) {
    const text = String(tick);
    const middle = from + Math.round(((tick - range[0]) / (range[1] - range[0])) * (columns - 1));
    const start = Math.min(from + columns - text.length, Math.max(from, middle - Math.floor(text.length / 2)));
    if (start > line.trimEnd().length) line = line.padEnd(start) + text;
  }
  return line.trimEnd();
}
