// Takes: a drawing. Gives: what is wrong with it, as sentences.
// Promises: cells overlap, a text or box leaves the drawing, a line runs through a cell: each is found.
import {
  type BoxShape,
  type Drawing,
  flatShapes,
  type Rectangle,
  type Shape,
} from '../../../compiler/explain/picture/draw/drawing.ts';
import { textBox } from '../../../compiler/explain/picture/draw/text-width.ts';

export function drawingFaults(drawing: Drawing): string[] {
  const cells = drawing.shapes.flatMap((shape) => {
    return shape.kind === 'group' ? [{ title: shape.title, rectangle: boundsOf(shape.shapes) }] : [];
  });
  const whole = { x: 0, y: 0, width: drawing.width, height: drawing.height };
  const outside = flatShapes(drawing.shapes)
    .map((shape) => ({ shape, rectangle: boundsOf([shape]) }))
    .filter(({ rectangle }) => !contains(whole, rectangle))
    .map(({ shape }) => `outside: ${shape.kind === 'text' ? shape.text : JSON.stringify(shape)}`);
  const overlaps = cells.flatMap((a, i) =>
    cells.slice(i + 1).flatMap((b) => (overlap(a.rectangle, b.rectangle) ? [`overlap: ${a.title} / ${b.title}`] : [])),
  );
  return [...outside, ...overlaps, ...crossings(drawing), ...spills(drawing)];
}

/** Lines through boxes. */
function crossings({ shapes }: Drawing): string[] {
  const boxes = shapes.flatMap((shape) => {
    const box = shape.kind === 'group' ? frontOf(shape.shapes) : undefined;
    return shape.kind === 'group' && box !== undefined ? [{ title: shape.title, box }] : [];
  });
  return shapes.flatMap((shape) => {
    if (shape.kind !== 'line') return [];
    return shape.points.slice(1).flatMap(([x, y], i) => {
      const [fromX = 0, fromY = 0] = shape.points[i] ?? [];
      const segment = {
        x: Math.min(x, fromX),
        y: Math.min(y, fromY),
        width: Math.abs(x - fromX),
        height: Math.abs(y - fromY),
      };
      return boxes.flatMap(({ title, box }) => (overlap(segment, box) ? [`a line runs through ${title}`] : []));
    });
  });
}

/** Texts wider than the box they stand in. */
function spills({ shapes }: Drawing): string[] {
  return shapes.flatMap((shape) => {
    if (shape.kind !== 'group') return [];
    const box = frontOf(shape.shapes);
    if (box === undefined || box.tone === 'operator') return [];
    return shape.shapes.flatMap((each) =>
      each.kind === 'text' && !contains(box, textBox(each)) ? [`spills: ${each.text}`] : [],
    );
  });
}

/** The box of a cell; of a pile the one in front. */
function frontOf(shapes: readonly Shape[]): BoxShape | undefined {
  const boxes = shapes.flatMap((shape) => (shape.kind === 'box' ? [shape] : []));
  return boxes.filter(({ width, height }) => width === boxes[0]?.width && height === boxes[0].height).at(-1);
}

function boundsOf(shapes: readonly Shape[]): Rectangle {
  const rectangles = flatShapes(shapes).flatMap((shape): Rectangle[] => {
    if (shape.kind === 'box') return [shape];
    if (shape.kind === 'text') return [textBox(shape)];
    return shape.points.map(([x, y]) => ({ x, y, width: 0, height: 0 }));
  });
  const [x, y] = [Math.min(...rectangles.map((each) => each.x)), Math.min(...rectangles.map((each) => each.y))];
  const right = Math.max(...rectangles.map((each) => each.x + each.width));
  const bottom = Math.max(...rectangles.map((each) => each.y + each.height));
  return { x, y, width: right - x, height: bottom - y };
}

const slack = 0.6;

function contains(outer: Rectangle, inner: Rectangle): boolean {
  return (
    inner.x >= outer.x - slack &&
    inner.y >= outer.y - slack &&
    inner.x + inner.width <= outer.x + outer.width + slack &&
    inner.y + inner.height <= outer.y + outer.height + slack
  );
}

/** More than they touch. */
function overlap(a: Rectangle, b: Rectangle): boolean {
  return (
    a.x + slack < b.x + b.width &&
    b.x + slack < a.x + a.width &&
    a.y + slack < b.y + b.height &&
    b.y + slack < a.y + a.height
  );
}
