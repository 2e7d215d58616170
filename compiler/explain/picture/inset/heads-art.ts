// Takes: numbers of query heads and of key heads. Gives: a small picture of which query heads share a key head.
// Promises: at most a few groups are drawn; dots stand for the rest.
import type { Shape } from '../draw/drawing.ts';
import { type Art, text } from '../grid/cell.ts';

const size = 7;
const step = 9;
const most = 12;
const labelWidth = 20;

/** Query heads above, a bar for the key head that they share below. */
export function headsArt(heads: number, kvHeads: number): Art {
  const group = heads / kvHeads;
  const drawn = Math.min(Math.ceil(group), most);
  const width = drawn * step - (step - size);
  const groups = Math.min(kvHeads, Math.max(1, Math.floor(most / drawn)));
  const shapes: Shape[] = [];
  for (let g = 0; g < groups; g++) {
    const left = labelWidth + g * (width + 5);
    for (let head = 0; head < drawn; head++) shapes.push(bar(left + head * step, 1, size, 'query'));
    shapes.push(bar(left, 15, width, 'key'));
  }
  const end = labelWidth + groups * (width + 5) - 5;
  shapes.push(text('q', 0, 8, { size: 10.5, soft: true }), text('kv', 0, 22, { size: 10.5, soft: true }));
  const more = groups < kvHeads || drawn < group;
  if (more) shapes.push(text('…', end + 3, 15, { size: 12, soft: true }));
  return { width: end + (more ? 15 : 0), height: 24, shapes };
}

function bar(x: number, y: number, width: number, tone: 'query' | 'key'): Shape {
  return { kind: 'box', x, y, width, height: size, radius: 1, tone };
}
