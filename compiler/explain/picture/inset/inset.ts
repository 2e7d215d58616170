// Takes: nothing. Gives: what is drawn and said of a mixer or a feed-forward, and the cells that all of them use.
// Promises: shapes and counts come from the model's own parameters.
import type { FfnSpec, MixerSpec, NormSpec } from '../../../2-check/model.ts';
import { elements, type Parameter } from '../../../2-check/parameters/parameter.ts';
import type { Tone } from '../draw/drawing.ts';
import type { Cell, Line } from '../grid/cell.ts';
import type { Edge, Grid } from '../grid/grid.ts';
import { count } from '../draw/numbers.ts';

export type PartSpec = MixerSpec | FfnSpec;

/** What an inset knows beside its specification. */
export interface InsetContext {
  readonly name: string;
  readonly dModel: number;
  readonly context: number;
  /** Whether tokens are generated one by one: only then is anything cached. */
  readonly decodes: boolean;
  /** The first layer that has it. */
  readonly layer: number;
  /** Named within the part: `q.weight`. */
  readonly weights: readonly Parameter[];
}

export interface Inset {
  /** `grouped-query attention` */
  readonly kind: string;
  /** For the box in a block: short lines. */
  readonly short: readonly string[];
  readonly grid: Grid;
  readonly formula: readonly string[];
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Drawn apart: what its experts are. */
  readonly inner?: readonly {
    readonly name: string;
    readonly spec: PartSpec;
    readonly weights: readonly Parameter[];
  }[];
}

/** A grid as it grows: each cell comes with those that feed it. */
export class Sketch implements Grid {
  readonly cells: Cell[] = [];
  readonly edges: Edge[] = [];

  add(cell: Cell, ...from: readonly string[]): string {
    this.cells.push(cell);
    for (const source of from) this.edges.push({ from: source, to: cell.id });
    return cell.id;
  }
}

export interface Place {
  readonly rank: number;
  readonly column: number;
  readonly columns?: number;
}

export function box(id: string, place: Place, tone: Tone, lines: readonly (string | Line)[], title?: string): Cell {
  const full = lines.map((line, i) => (typeof line === 'string' ? { text: line, bold: i === 0, small: i > 0 } : line));
  return { id, ...place, look: 'box', tone, lines: full, title: title ?? full.map(({ text }) => text).join(', ') };
}

/** A norm inside a part. */
export function normBox(id: string, place: Place, { kind }: NormSpec): Cell {
  return box(id, place, 'norm', [kind === 'rms' ? 'RMSNorm' : 'LayerNorm']);
}

/** A line of text in a cell, small. */
export const note = (text: string): Line => ({ text, small: true });

export function terminal(id: string, place: Place, text: string, title = text): Cell {
  return { id, ...place, look: 'terminal', tone: 'plain', lines: [{ text, small: true }], title };
}

export function operator(id: string, place: Place, sign: string, title: string): Cell {
  return { id, ...place, look: 'operator', tone: 'operator', lines: [{ text: sign }], title };
}

/** A linear map with its shape and size, and its bias if it has one. */
export function linear(
  id: string,
  place: Place,
  label: string,
  from: string,
  context: InsetContext,
  shape?: string | readonly string[],
): Cell {
  const { text, out, input, bias, total } = linearFacts(from, context);
  const shapes = shape === undefined ? [text] : typeof shape === 'string' ? [shape] : shape;
  const lines = [label, ...shapes, `${count(total)}${bias ? ' + bias' : ''}`];
  const title = `${context.name}.${from}: linear ${input} → ${out}, ${total} parameters${bias ? ', with bias' : ''}`;
  return box(id, place, 'linear', lines, title);
}

export function linearFacts(name: string, { weights }: InsetContext) {
  const weight = weights.find((each) => each.name === `${name}.weight`);
  const bias = weights.find((each) => each.name === `${name}.bias`);
  // Experts stand stacked in front.
  const [out, input] = weight?.dims.slice(-2).map(({ size }) => size) ?? [];
  const total = [weight, bias].reduce((sum, each) => sum + (each === undefined ? 0 : elements(each)), 0);
  return { text: `${input ?? '?'} → ${out ?? '?'}`, out: out ?? 0, input: input ?? 0, bias: bias !== undefined, total };
}

/** Of all weights whose names start so. */
export function sizeOf(weights: readonly Parameter[], prefix = ''): number {
  return weights.filter(({ name }) => name.startsWith(prefix)).reduce((sum, weight) => sum + elements(weight), 0);
}
