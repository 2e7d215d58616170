// Takes: a drawing of a stack and its layers. Gives: the drawing with a map beside it: a row for each layer, a colour for each of its parts.
// Promises: every layer has a row, the first below.
import type { Layer } from '../../../2-check/model.ts';
import type { Anatomy } from '../anatomy.ts';
import type { Drawing, Shape } from '../draw/drawing.ts';
import { moved, text } from '../grid/cell.ts';

const cell = 16;
const gap = 2;

export function withLayerMap(drawing: Drawing, layers: readonly Layer[], anatomy: Anatomy): Drawing {
  const used = anatomy.layers;
  const height = Math.min(16, Math.max(3, Math.floor((drawing.height - 60) / layers.length)));
  const total = Math.max(drawing.height, layers.length * height + 60);
  const [left, top, bottom] = [drawing.width + 8, (total - height * layers.length) / 2, (total + height * layers.length) / 2]; // prettier-ignore
  const rows = layers.map(({ block }, i): Shape => {
    const y = bottom - (i + 1) * height;
    const shapes = (used[i]?.parts ?? []).map(({ swatch }, slot): Shape => {
      return {
        kind: 'box',
        x: left + slot * (cell + gap),
        y,
        width: cell,
        height: height - 1,
        radius: 1,
        tone: swatch,
      };
    });
    return { kind: 'group', title: `layer ${i}: ${block}`, shapes };
  });
  const label = (content: string, y: number): Shape => text(content, left, y, { size: 10.5, soft: true });
  const labels = [
    label('layer 0', bottom + 14),
    ...(layers.length > 1 ? [label(String(layers.length - 1), top - 6)] : []),
  ];
  const widest = Math.max(...used.map(({ parts }) => parts.length)) * (cell + gap);
  return {
    width: left + Math.max(48, widest) + 4,
    height: total,
    shapes: [...moved(drawing.shapes, 0, (total - drawing.height) / 2), ...rows, ...labels],
  };
}
