// Takes: cells on a grid of ranks (from below) and columns, and the edges between them. Gives: the drawing.
// Promises: no two cells overlap; no edge runs through a cell that it does not end at.
import type { Drawing, Rectangle, Shape } from '../draw/drawing.ts';
import { type Cell, cellSize, drawCell, innerPlace, text } from './cell.ts';
import { type Frame, gap, type Grid, nowhere, type Places } from './grid.ts';
import { routeEdges, type Route } from './route.ts';
import { drawEdges, trackCounts } from './tracks.ts';

export function drawGrid(given: Grid): Drawing {
  const grid = normalize(given);
  const routes = routeEdges(grid.cells, grid.edges);
  const places = placeCells(grid, routes);
  const cells = grid.cells.map((cell) => drawCell(cell, places.cells.get(cell.id) ?? nowhere));
  const frames = (grid.frames ?? []).flatMap((frame) => drawFrame(frame, grid.cells, places));
  const shapes = [...frames, ...drawEdges(grid.cells, routes, places), ...cells];
  return { width: places.width, height: places.height, shapes };
}

/** Columns from 0; links run in an empty one before the first. */
function normalize(grid: Grid): Grid {
  const links = grid.edges.some(({ link }) => link === true) ? 1 : 0;
  const first = Math.min(...grid.cells.map(({ column }) => column)) - links;
  const frames = (grid.frames ?? []).map((frame) => {
    return frame.column === undefined ? frame : { ...frame, column: frame.column - first };
  });
  return { ...grid, frames, cells: grid.cells.map((cell) => ({ ...cell, column: cell.column - first })) };
}

function placeCells(grid: Grid, routes: readonly Route[]): Places {
  const widths = columnWidths(grid.cells);
  const lanes = new Set(routes.flatMap(({ way }) => (way.kind === 'lane' ? [way.lane] : []))).size;
  const starts: number[] = [];
  let x = gap.margin;
  for (const width of widths) {
    starts.push(x);
    x += width + gap.column;
  }
  const laneColumns = Array.from({ length: lanes }, (_, i) => ({ left: x + gap.lane * i, right: x + gap.lane * i }));
  const width = x - gap.column + lanes * gap.lane + gap.margin;
  const { tops, channels, height } = rankPlaces(grid, routes);
  const cells = new Map<string, Rectangle>();
  for (const cell of grid.cells) {
    const last = cell.column + (cell.columns ?? 1) - 1;
    const left = starts[cell.column] ?? 0;
    const full = (starts[last] ?? 0) + (widths[last] ?? 0) - left;
    const size = cellSize(cell);
    const y = (tops[cell.rank]?.top ?? 0) + ((tops[cell.rank]?.height ?? 0) - size.height) / 2;
    cells.set(cell.id, { x: left, y, width: full, height: size.height });
  }
  const inner = new Map(grid.cells.map((cell) => [cell.id, innerPlace(cell, cells.get(cell.id) ?? nowhere)]));
  const columns = [...starts.map((left, i) => ({ left, right: left + (widths[i] ?? 0) })), ...laneColumns];
  return { cells, inner, columns, channels, width, height };
}

/** Wide enough for the cells of one column; a cell over several widens them alike where it must. */
function columnWidths(cells: readonly Cell[]): number[] {
  const count = Math.max(...cells.map(({ column, columns = 1 }) => column + columns));
  const widths = Array.from({ length: count }, () => 12);
  for (const cell of cells) {
    if ((cell.columns ?? 1) === 1) widths[cell.column] = Math.max(widths[cell.column] ?? 0, cellSize(cell).width);
  }
  for (const cell of cells) {
    const { column, columns = 1 } = cell;
    const here = widths.slice(column, column + columns);
    const lack = cellSize(cell).width - here.reduce((sum, width) => sum + width, 0) - gap.column * (columns - 1);
    if (lack > 0) here.forEach((width, i) => (widths[column + i] = width + lack / columns));
  }
  return widths;
}

/** Ranks stack upwards; a channel is as high as the tracks in it need. */
function rankPlaces(grid: Grid, routes: readonly Route[]) {
  const ranks = Math.max(...grid.cells.map(({ rank }) => rank)) + 1;
  const heights = Array.from({ length: ranks }, () => 0);
  for (const cell of grid.cells) heights[cell.rank] = Math.max(heights[cell.rank] ?? 0, cellSize(cell).height);
  const tracks = trackCounts(routes);
  const below = (rank: number): number => ((grid.frames ?? []).some(({ from }) => from === rank + 1) ? gap.frame : 0);
  const above = (rank: number): number => {
    const frame = (grid.frames ?? []).find(({ to }) => to === rank);
    return frame === undefined ? 0 : gap.frame + (frame.label === undefined ? 0 : gap.label);
  };
  const channelHeights = heights.map((_, rank) => {
    if (rank === ranks - 1) return above(rank);
    return gap.channel + gap.track * Math.max(0, (tracks.get(rank) ?? 0) - 1) + below(rank) + above(rank);
  });
  const height = 2 * gap.margin + [...heights, ...channelHeights].reduce((sum, each) => sum + each, 0);
  const tops: { top: number; height: number }[] = [];
  const channels: number[] = [];
  let y = height - gap.margin;
  heights.forEach((rankHeight, rank) => {
    y -= rankHeight;
    tops.push({ top: y, height: rankHeight });
    // Edges turn beyond a frame that ends here, inside one that starts.
    channels.push(y - above(rank) - below(rank));
    y -= channelHeights[rank] ?? 0;
  });
  return { tops, channels, height };
}

function drawFrame({ from, to, column, label }: Frame, cells: readonly Cell[], places: Places): Shape[] {
  const inside = cells.filter(
    (cell) => cell.rank >= from && cell.rank <= to && (column === undefined || cell.column === column),
  );
  const rectangles = inside.map(({ id }) => places.cells.get(id) ?? nowhere);
  const top = Math.min(...rectangles.map(({ y }) => y)) - gap.frame - (label === undefined ? 0 : gap.label);
  const bottom = places.channels[from - 1] ?? Math.max(...rectangles.map(({ y, height }) => y + height)) + gap.frame;
  // Around all columns it holds the lanes too.
  const left = column === undefined ? gap.margin - gap.frame : Math.min(...rectangles.map(({ x }) => x)) - gap.frame;
  const right = column === undefined ? places.width - gap.margin + gap.frame : Math.max(...rectangles.map(({ x, width }) => x + width)) + gap.frame; // prettier-ignore
  const frame: Shape = {
    kind: 'box',
    x: left,
    y: top,
    width: right - left,
    height: bottom - top,
    radius: 10,
    tone: 'frame',
  };
  return label === undefined ? [frame] : [frame, text(label, left + 10, top + 17, { bold: true })];
}
