// Takes: a mask and the context. Gives: its thumbnail, and its name in words.
// Promises: rows are queries, columns keys; windows and chunks are drawn large enough to be seen, so not to scale.
import { maskText } from '../../../2-check/canonical/tree.ts';
import type { MaskSpec } from '../../../2-check/model.ts';
import type { Shape } from '../draw/drawing.ts';
import { type Art, moved } from '../grid/cell.ts';

const cells = 12;
const cellSize = 5;

export function maskArt(mask: MaskSpec, context: number): Art {
  const shapes: Shape[] = [
    { kind: 'box', x: 0, y: 0, width: cells * cellSize, height: cells * cellSize, radius: 1, tone: 'plain' },
  ];
  for (let query = 0; query < cells; query++) {
    const keys = Array.from({ length: cells }, (_, key) => key).filter((key) => sees(mask, query, key, context));
    const [first, last] = [keys[0], keys.at(-1)];
    if (first === undefined || last === undefined) continue;
    // All masks are intervals of keys: one bar a row.
    const width = (last - first + 1) * cellSize;
    shapes.push({
      kind: 'box',
      x: first * cellSize,
      y: query * cellSize,
      width,
      height: cellSize - 0.6,
      radius: 0,
      tone: 'core',
    });
  }
  return { width: cells * cellSize, height: cells * cellSize, shapes };
}

function sees(mask: MaskSpec, query: number, key: number, context: number): boolean {
  switch (mask.kind) {
    case 'full':
      return true;
    case 'causal':
      return key <= query;
    case 'window':
      return key > query - inCells(mask.size, context, 4);
    case 'chunk': {
      const size = inCells(mask.size, context, 4);
      return Math.floor(key / size) === Math.floor(query / size);
    }
    case 'all':
      return mask.parts.every((part) => sees(part, query, key, context));
  }
}

/** At least `least` cells, and never all of them unless it covers the context. */
function inCells(size: number, context: number, least: number): number {
  return size >= context ? cells : Math.min(cells - 3, Math.max(least, Math.round((cells * size) / context)));
}

/** `window 1024`; causal goes without saying. */
export function shortMask(mask: MaskSpec): string {
  const name = maskText(mask);
  return name === 'causal' ? name : name.replace(/causal & | & causal/, '');
}

/** Two small pictures in a row. */
export function beside(left: Art, right: Art): Art {
  const height = Math.max(left.height, right.height);
  const shapes = [
    ...moved(left.shapes, 0, (height - left.height) / 2),
    ...moved(right.shapes, left.width + 24, (height - right.height) / 2),
  ];
  return { width: left.width + 24 + right.width, height, shapes };
}
