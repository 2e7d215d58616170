// Takes: what a cell says. Gives: how large it is, and its shapes at a place.
// Promises: no text wider than the cell's own size; sizes depend on the cell alone.
import type { Rectangle, Shape, Swatch, TextShape, Tone } from '../draw/drawing.ts';
import { textWidth } from '../draw/text-width.ts';

export interface Line {
  readonly text: string;
  readonly bold?: boolean;
  /** Smaller and paler. */
  readonly small?: boolean;
  /** A coloured mark before the text; lines of a cell with one stand left. */
  readonly swatch?: Swatch;
}

/** A small picture inside a cell, its own origin at 0, 0. */
export interface Art {
  readonly width: number;
  readonly height: number;
  readonly shapes: readonly Shape[];
}

export interface Cell {
  readonly id: string;
  /** Row, counted from below. */
  readonly rank: number;
  readonly column: number;
  /** How many columns it spans. */
  readonly columns?: number;
  /** `terminal`: text without a box. `operator`: a circle with one sign. */
  readonly look: 'box' | 'operator' | 'terminal';
  readonly tone: Tone;
  readonly lines: readonly Line[];
  readonly art?: Art;
  /** Shown on hover. */
  readonly title: string;
  /** A name beside an operator. */
  readonly aside?: string;
  /** Drawn as a pile: one of many. */
  readonly pile?: boolean;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

const padding = { x: 8, y: 7, terminal: 2 };
const operatorSize = 20;
const swatchWidth = 14;

const fontSize = (line: Line): number => (line.small === true ? 10.5 : 12);
const lineHeight = (line: Line): number => (line.small === true ? 14 : 16);
const lineWidth = (line: Line): number => textWidth(line.text, fontSize(line), line.bold);
const isMarked = ({ lines }: Cell): boolean => lines.some(({ swatch }) => swatch !== undefined);

export function cellSize(cell: Cell): Size {
  if (cell.look === 'operator') {
    const aside = cell.aside === undefined ? 0 : 2 * (textWidth(cell.aside, 12) + 6);
    return { width: operatorSize + aside, height: operatorSize };
  }
  const lines = cell.lines.reduce((sum, line) => sum + lineHeight(line), 0);
  const art = cell.art === undefined ? 0 : cell.art.height + 6;
  const [x, y] = cell.look === 'box' ? [padding.x, padding.y] : [0, padding.terminal];
  const text = Math.max(0, ...cell.lines.map(lineWidth)) + (isMarked(cell) ? swatchWidth : 0);
  const width = Math.max(cell.art?.width ?? 0, text);
  return { width: Math.ceil(width + 2 * x), height: Math.ceil(lines + art + 2 * y) };
}

/** Where lines meet a cell: an operator is smaller than its column. */
export function innerPlace(cell: Cell, place: Rectangle): Rectangle {
  if (cell.look !== 'operator') return place;
  const x = place.x + (place.width - operatorSize) / 2;
  return { x, y: place.y + (place.height - operatorSize) / 2, width: operatorSize, height: operatorSize };
}

export function drawCell(cell: Cell, place: Rectangle): Shape {
  const shapes = cell.look === 'operator' ? operatorShapes(cell, place) : boxShapes(cell, place);
  return { kind: 'group', title: cell.title, shapes };
}

function operatorShapes(cell: Cell, place: Rectangle): Shape[] {
  const inner = innerPlace(cell, place);
  const [x, y] = [inner.x + inner.width / 2, inner.y + inner.height / 2];
  const aside: Shape[] =
    cell.aside === undefined ? [] : [text(cell.aside, inner.x - 6, y - 6, { anchor: 'end', size: 12, soft: true })];
  const sign = cell.lines.map((line) => text(line.text, x, y + 5, { anchor: 'middle', size: 14, bold: true }));
  return [{ kind: 'box', ...inner, radius: operatorSize / 2, tone: 'operator' }, ...sign, ...aside];
}

function boxShapes(cell: Cell, place: Rectangle): Shape[] {
  const under = cell.pile === true ? [6, 3] : [];
  const boxes = cell.look === 'box' ? [...under, 0] : [];
  const box = boxes.map((d): Shape => ({ kind: 'box', ...place, x: place.x + d, y: place.y - d, radius: 6, tone: cell.tone })); // prettier-ignore
  const size = cellSize(cell);
  let y = place.y + (place.height - size.height) / 2 + (cell.look === 'box' ? padding.y : padding.terminal);
  const texts = cell.lines.flatMap((line) => {
    y += lineHeight(line);
    const style = { size: fontSize(line), bold: line.bold === true, soft: line.small === true };
    if (!isMarked(cell)) return [text(line.text, place.x + place.width / 2, y - 4, { ...style, anchor: 'middle' })];
    const x = place.x + padding.x + swatchWidth;
    const mark = line.swatch === undefined ? [] : [swatch(line.swatch, x - swatchWidth, y - 13)];
    return [...mark, text(line.text, x, y - 4, { ...style, anchor: 'start' })];
  });
  const { art } = cell;
  const drawn = art === undefined ? [] : moved(art.shapes, place.x + (place.width - art.width) / 2, y + 6);
  return [...box, ...texts, ...drawn];
}

function swatch(tone: Swatch, x: number, y: number): Shape {
  return { kind: 'box', x, y, width: 10, height: 10, radius: 2, tone };
}

export function text(
  content: string,
  x: number,
  y: number,
  style: Partial<Pick<TextShape, 'anchor' | 'size' | 'bold' | 'soft'>> = {},
): TextShape {
  return { kind: 'text', text: content, x, y, size: 12, bold: false, soft: false, anchor: 'start', ...style };
}

export function moved(shapes: readonly Shape[], dx: number, dy: number): Shape[] {
  return shapes.map((shape) => {
    switch (shape.kind) {
      case 'group':
        return { ...shape, shapes: moved(shape.shapes, dx, dy) };
      case 'line':
        return { ...shape, points: shape.points.map(([x, y]) => [x + dx, y + dy] as const) };
      case 'box':
      case 'text':
        return { ...shape, x: shape.x + dx, y: shape.y + dy };
    }
  });
}
