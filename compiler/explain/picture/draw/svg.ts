// Takes: a drawing. Gives: its SVG text, to stand in a page.
// Promises: no script, no outside resource; one image to a screen reader, with a title and a description; texts are text.
import type { BoxShape, Drawing, GroupShape, LineShape, Shape, TextShape } from './drawing.ts';

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

const printers: { readonly [K in Shape['kind']]: (shape: Extract<Shape, { kind: K }>) => string } = {
  box: printBox,
  text: printText,
  line: printLine,
  group: printGroup,
};

/** `id`: unique in the page. */
export function printSvg(drawing: Drawing, id: string, title: string, description: string): string {
  const [width, height] = [Math.ceil(drawing.width), Math.ceil(drawing.height)];
  const labels = `<title id="${id}-title">${escapeXml(title)}</title><desc id="${id}-desc">${escapeXml(description)}</desc>`;
  const head = `<svg class="drawing" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="${id}-title ${id}-desc">`;
  return `${head}${labels}${drawing.shapes.map(printShape).join('')}</svg>`;
}

function printShape(shape: Shape): string {
  const print = printers[shape.kind] as (shape: Shape) => string;
  return print(shape);
}

function printBox({ x, y, width, height, tone, radius }: BoxShape): string {
  return `<rect class="${tone}" x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" rx="${radius}"/>`;
}

function printText({ x, y, text, size, bold, soft, anchor }: TextShape): string {
  const classes = [...(bold ? ['bold'] : []), ...(soft ? ['soft'] : [])];
  const style = classes.length === 0 ? '' : ` class="${classes.join(' ')}"`;
  const place = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  return `<text${style} x="${n(x)}" y="${n(y)}" font-size="${size}"${place}>${escapeXml(text)}</text>`;
}

/** An arrow's head is a triangle at its end. */
function printLine({ points, weight, arrow }: LineShape): string {
  const line = `<polyline class="line ${weight}" points="${points.map(([x, y]) => `${n(x)},${n(y)}`).join(' ')}"/>`;
  const [before, end] = [points.at(-2), points.at(-1)];
  if (!arrow || before === undefined || end === undefined) return line;
  const [dx, dy] = [Math.sign(end[0] - before[0]), Math.sign(end[1] - before[1])];
  const back = [end[0] - 6 * dx, end[1] - 6 * dy] as const;
  const side = [3.5 * dy, 3.5 * dx] as const;
  const head = [end, [back[0] + side[0], back[1] + side[1]], [back[0] - side[0], back[1] - side[1]]] as const;
  return `${line}<polygon class="arrow" points="${head.map(([x, y]) => `${n(x)},${n(y)}`).join(' ')}"/>`;
}

function printGroup({ title, shapes }: GroupShape): string {
  return `<g><title>${escapeXml(title)}</title>${shapes.map(printShape).join('')}</g>`;
}

function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}
