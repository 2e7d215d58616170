// Takes: layers and what stands under and over them, one by one. Gives: the cells of a stack in one column.
// Promises: each cell is fed by the one below; every layer is in exactly one cell, cycles in a frame.
import type { Layer, NormSpec } from '../../../2-check/model.ts';
import type { Anatomy } from '../anatomy.ts';
import { short } from '../draw/numbers.ts';
import type { Cell, Line } from '../grid/cell.ts';
import type { Edge, Frame } from '../grid/grid.ts';
import { box, type Place } from '../inset/inset.ts';
import { foldStack, type Run, type Segment } from './fold.ts';

export class StackBuilder {
  readonly cells: Cell[] = [];
  readonly edges: Edge[] = [];
  readonly frames: Frame[] = [];
  /** The next free one. */
  rank = 0;
  private readonly column: number;
  private readonly prefix: string;
  private last: string | null = null;

  /** `prefix`: before the ids of its cells. */
  constructor(column: number, prefix = '') {
    this.column = column;
    this.prefix = prefix;
  }

  /** The id of the topmost cell. */
  get top(): string {
    return this.last ?? '';
  }

  /** On top; gives its id. */
  add(make: (id: string, place: Place) => Cell, name: string): string {
    const cell = make(this.prefix + name, { rank: this.rank, column: this.column });
    this.cells.push(cell);
    if (this.last !== null) this.edges.push({ from: this.last, to: cell.id, strong: true });
    this.last = cell.id;
    this.rank += 1;
    return cell.id;
  }

  addScale(name: string, scale: number): void {
    if (scale !== 1)
      this.add((id, place) => box(id, place, 'act', [{ text: `× ${short(scale)}` }], `times ${scale}`), name);
  }

  addNorm(name: string, norm: NormSpec | null): void {
    if (norm === null) return;
    const title = norm.kind === 'rms' ? 'RMSNorm' : 'LayerNorm';
    this.add((id, place) => box(id, place, 'norm', [{ text: title, bold: true }], `${norm.kind} norm, eps ${norm.eps}`), name); // prettier-ignore
  }

  addLayers(layers: readonly Layer[], anatomy: Anatomy): void {
    for (const segment of foldStack(layerKeys(layers, anatomy))) this.addSegment(layers, anatomy, segment);
  }

  private addSegment(layers: readonly Layer[], anatomy: Anatomy, { runs, times, period }: Segment): void {
    const from = this.rank;
    for (const run of runs) {
      const { lines, title } = runText(layers, anatomy, run, times, period);
      this.add((id, place) => box(id, place, 'part', lines, title), `run-${run.start}`);
    }
    if (times > 1) this.frames.push({ from, to: this.rank - 1, column: this.column, label: `${times} ×` });
  }
}

/** Layers of one key are alike. */
export function layerKeys(layers: readonly Layer[], anatomy: Anatomy): string[] {
  return layers.map(({ block }, i) => {
    const own = anatomy.layers[i];
    return JSON.stringify([block, own?.block, own?.parts.map(({ id }) => id)]);
  });
}

function runText(layers: readonly Layer[], anatomy: Anatomy, run: Run, times: number, period: number) {
  const name = layers[run.start]?.block ?? '';
  const ranges = Array.from({ length: times }, (_, round) => {
    const first = run.start + round * period;
    return run.count === 1 ? String(first) : `${first}..${first + run.count - 1}`;
  });
  const lines: Line[] = [
    { text: `${run.count} × ${name}`, bold: true },
    { text: `layer${run.count * times === 1 ? '' : 's'} ${shortList(ranges)}`, small: true },
    ...(anatomy.layers[run.start]?.parts ?? []).map(({ name: part, swatch }) => ({ text: part, small: true, swatch })),
  ];
  return { lines, title: `layers ${ranges.join(', ')}: ${name}` };
}

function shortList(items: readonly string[]): string {
  return items.length <= 4 ? items.join(', ') : `${items.slice(0, 2).join(', ')}, … ${items.at(-1) ?? ''}`;
}
