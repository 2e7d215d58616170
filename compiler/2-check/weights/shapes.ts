// Takes: the entries of a map, matched to tensors of a model. Gives: their steps with numbers, shapes on disk.
// Promises: a tensor that is split has every part once and its rows in order; shapes are those before the first step.
import type { WeightStep } from '../model.ts';
import type { WrittenStep } from './entry.ts';
import type { Place } from './places.ts';

/** A parameter and the tensor it is read from. */
export interface Match {
  readonly place: Place;
  readonly key: string;
  /** `{expert}` stands in it where it is one tensor per expert. */
  readonly tensor: string;
  readonly steps: readonly WrittenStep[];
}

export interface Shaped {
  readonly steps: readonly WeightStep[];
  /** Of each tensor on disk. */
  readonly shape: readonly number[];
}

export type Refuse = (message: string) => never;

/** Rows before each part of the tensors that are split, and of the whole. */
export interface Parts {
  readonly from: readonly number[];
  readonly rows: readonly number[];
}

/** The shape that a part has directly behind its `split`: its parameter's, the later steps undone. */
export function partShape({ place, steps }: Match, refuse: Refuse): readonly number[] {
  const index = steps.findIndex(({ kind }) => kind === 'split');
  return steps.slice(index + 1).reduceRight((shape, step) => undo(step, shape, place, refuse), sizesOf(place));
}

export function shapeOf({ place, steps }: Match, parts: Parts | null, refuse: Refuse): Shaped {
  let shape = sizesOf(place);
  const made: WeightStep[] = [];
  for (const step of [...steps].reverse()) {
    const after = shape;
    if (step.kind === 'split') shape = [(parts?.rows ?? []).reduce((sum, each) => sum + each, 0), ...shape.slice(1)];
    else shape = undo(step, shape, place, refuse);
    made.unshift(resolved(step, place, after, parts));
  }
  return { steps: made, shape };
}

function sizesOf({ parameter }: Place): readonly number[] {
  return parameter.dims.map(({ size }) => size);
}

/** The shape before a step, from the one behind it. */
function undo(step: WrittenStep, shape: readonly number[], place: Place, refuse: Refuse): readonly number[] {
  const [rows = 1, columns] = shape.slice(-2);
  const text = `[${shape.join(', ')}]`;
  switch (step.kind) {
    case 'add':
    case 'split':
      return shape;
    case 'transpose':
      return columns === undefined ? refuse(`transpose needs two dims, but it is ${text}`) : [...shape.slice(0, -2), columns, rows]; // prettier-ignore
    case 'permute_rope': {
      const of = shape.at(-2) ?? shape[0] ?? 0;
      return of % 2 === 0 ? shape : refuse(`permute_rope needs an even number of rows, but it is ${text}`);
    }
    case 'deinterleave': {
      const each = step.parts * blockOf(step, place);
      const of = shape.at(-2) ?? shape[0] ?? 0;
      return of % each === 0 ? shape : refuse(`deinterleave needs a multiple of ${each} rows, but it is ${text}`);
    }
    case 'squeeze':
      return step.dim <= shape.length
        ? [...shape.slice(0, step.dim), 1, ...shape.slice(step.dim)]
        : refuse(`squeeze of dim ${step.dim}, but it is ${text}`);
    case 'stack':
      return expertsOf(place) === null ? refuse(`stack needs experts, but it is ${text}`) : shape.slice(1);
  }
}

function resolved(step: WrittenStep, place: Place, after: readonly number[], parts: Parts | null): WeightStep {
  if (step.kind === 'stack') return { kind: 'stack', over: 'expert' };
  if (step.kind === 'deinterleave') return { kind: step.kind, parts: step.parts, block: blockOf(step, place) };
  if (step.kind !== 'split') return step;
  const { part } = step;
  return { kind: 'split', part, parts: step.parts, from: parts?.from[part] ?? 0, rows: after[0] ?? 0 };
}

function blockOf(step: Extract<WrittenStep, { kind: 'deinterleave' }>, { headDim }: Place): number {
  return step.per === 'head' ? (headDim ?? 1) : 1;
}

/** How many experts a parameter holds; null: it is none of experts. */
export function expertsOf({ parameter }: Place): number | null {
  const [first] = parameter.dims;
  return first?.name === 'expert' ? first.size : null;
}
