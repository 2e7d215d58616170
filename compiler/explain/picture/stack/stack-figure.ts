// Takes: a model and its anatomy. Gives: the drawing of its stack: embedding below, layers in their cycles, head above.
// Promises: every layer is in exactly one box, and in the map of layers beside it.
import type { Model, NormSpec } from '../../../2-check/model.ts';
import type { Anatomy } from '../anatomy.ts';
import type { Drawing, Shape } from '../draw/drawing.ts';
import { type Cell, type Line, moved, text } from '../grid/cell.ts';
import type { Edge, Frame } from '../grid/grid.ts';
import { drawGrid } from '../grid/layout.ts';
import { box, terminal } from '../inset/inset.ts';
import { count, short } from '../draw/numbers.ts';
import { foldStack, type Run, type Segment } from './fold.ts';

export function drawStack(model: Model, anatomy: Anatomy): Drawing {
  const stack = new StackBuilder();
  addEmbed(stack, model);
  for (const segment of foldStack(layerKeys(model, anatomy))) addSegment(stack, model, anatomy, segment);
  addHead(stack, model);
  const links: Edge[] = model.embed.tied ? [{ from: 'embed', to: 'head', link: true }] : [];
  const drawing = drawGrid({ cells: stack.cells, edges: [...stack.edges, ...links], frames: stack.frames });
  return withLayerMap(drawing, model, anatomy);
}

/** Layers of one key are alike. */
export function layerKeys(model: Model, { layers }: Anatomy): string[] {
  return model.layers.map(({ block }, i) => JSON.stringify([block, layers[i]?.block, layers[i]?.parts.map(({ id }) => id)])); // prettier-ignore
}

/** Cells in one column, each fed by the one below. */
class StackBuilder {
  readonly cells: Cell[] = [];
  readonly edges: Edge[] = [];
  readonly frames: Frame[] = [];
  private top: string | null = null;
  rank = 0;

  add(cell: Cell): void {
    this.cells.push(cell);
    if (this.top !== null) this.edges.push({ from: this.top, to: cell.id, strong: true });
    this.top = cell.id;
    this.rank = cell.rank + 1;
  }

  place(): { readonly rank: number; readonly column: number } {
    return { rank: this.rank, column: 0 };
  }
}

function addEmbed(stack: StackBuilder, { embed, vocab, dModel }: Model): void {
  stack.add(terminal('tokens', stack.place(), `tokens · vocab ${vocab}`));
  const lines = ['Embedding', `${vocab} × ${dModel} · ${count(vocab * dModel)}`];
  stack.add(box('embed', stack.place(), 'linear', lines, `embed.weight: ${vocab} × ${dModel}, ${vocab * dModel} parameters${embed.tied ? ', the head reads it too' : ''}`)); // prettier-ignore
  if (embed.scale !== 1) stack.add(scaleCell('embed-scale', stack, embed.scale));
  if (embed.positions !== null) {
    const { length } = embed.positions;
    stack.add(box('positions', stack.place(), 'act', ['+ learned positions', `${length} × ${dModel} · ${count(length * dModel)}`])); // prettier-ignore
  }
  if (embed.norm !== null) stack.add(normCell('embed-norm', stack, embed.norm));
}

function addHead(stack: StackBuilder, { head, embed, vocab, dModel }: Model): void {
  if (head.norm !== null) stack.add(normCell('head-norm', stack, head.norm));
  const size = embed.tied ? 'tied to the embedding' : `${dModel} → ${vocab} · ${count(vocab * dModel)}`;
  stack.add(box('head', stack.place(), 'linear', ['Head', size, ...(head.bias ? ['with bias'] : [])]));
  if (head.scale !== 1) stack.add(scaleCell('head-scale', stack, head.scale));
  if (head.softcap !== null) {
    const cap = short(head.softcap);
    stack.add(box('softcap', stack.place(), 'act', [{ text: `softcap ${cap}` }], `${cap} tanh(z / ${cap})`));
  }
  stack.add(terminal('logits', stack.place(), `logits · vocab ${vocab}`));
}

function scaleCell(id: string, stack: StackBuilder, scale: number): Cell {
  return box(id, stack.place(), 'act', [{ text: `× ${short(scale)}` }], `times ${scale}`);
}

function normCell(id: string, stack: StackBuilder, { kind, eps }: NormSpec): Cell {
  return box(id, stack.place(), 'norm', [{ text: kind === 'rms' ? 'RMSNorm' : 'LayerNorm', bold: true }], `${kind} norm, eps ${eps}`); // prettier-ignore
}

function addSegment(stack: StackBuilder, model: Model, anatomy: Anatomy, { runs, times, period }: Segment): void {
  const from = stack.rank;
  for (const run of runs) stack.add(runCell(stack, model, anatomy, run, times, period));
  if (times > 1) stack.frames.push({ from, to: stack.rank - 1, label: `${times} ×` });
}

function runCell(stack: StackBuilder, model: Model, anatomy: Anatomy, run: Run, times: number, period: number): Cell {
  const name = model.layers[run.start]?.block ?? '';
  const layers = Array.from({ length: times }, (_, round) => {
    const first = run.start + round * period;
    return run.count === 1 ? String(first) : `${first}..${first + run.count - 1}`;
  });
  const parts = anatomy.layers[run.start]?.parts ?? [];
  const lines: Line[] = [
    { text: `${run.count} × ${name}`, bold: true },
    { text: `layer${run.count * times === 1 ? '' : 's'} ${shortList(layers)}`, small: true },
    ...parts.map(({ name: part, swatch }) => ({ text: part, small: true, swatch })),
  ];
  return box(`run-${run.start}`, stack.place(), 'part', lines, `layers ${layers.join(', ')}: ${name}`);
}

function shortList(items: readonly string[]): string {
  return items.length <= 4 ? items.join(', ') : `${items.slice(0, 2).join(', ')}, … ${items.at(-1) ?? ''}`;
}

/** A row for each layer, a colour for each of its parts. */
function withLayerMap(drawing: Drawing, model: Model, { layers }: Anatomy): Drawing {
  const height = Math.min(16, Math.max(3, Math.floor((drawing.height - 60) / layers.length)));
  const widest = Math.max(...layers.map(({ parts }) => parts.length));
  const [cell, left] = [16, drawing.width + 8];
  const bottom = (drawing.height + height * layers.length) / 2;
  const rows = layers.map(({ parts }, i): Shape => {
    const y = bottom - (i + 1) * height;
    const title = `layer ${i}: ${model.layers[i]?.block ?? ''}`;
    const shapes = parts.map(({ swatch }, slot): Shape => ({ kind: 'box', x: left + slot * (cell + 2), y, width: cell, height: height - 1, radius: 1, tone: swatch })); // prettier-ignore
    return { kind: 'group', title, shapes };
  });
  const label = (content: string, y: number): Shape => text(content, left, y, { size: 10.5, soft: true });
  const top = bottom - layers.length * height;
  const labels = [
    label('layer 0', bottom + 14),
    ...(layers.length > 1 ? [label(String(layers.length - 1), top - 6)] : []),
  ];
  const width = Math.max(48, widest * (cell + 2));
  const grown = Math.max(drawing.height, layers.length * height + 60);
  const shift = (grown - drawing.height) / 2;
  return {
    width: left + width + 4,
    height: grown,
    shapes: moved([...drawing.shapes, ...rows, ...labels], 0, shift),
  };
}
