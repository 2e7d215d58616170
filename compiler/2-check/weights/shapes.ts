// Takes: the entries of a map, matched to tensors of a model. Gives: their steps with numbers, shapes on disk.
// Promises: a tensor that is split has every part once and its rows in order; shapes are those before the first step.
import type { WeightStep } from '../model.ts';
import type { Stacked, WrittenStep } from './entry.ts';
import type { Heads, Place } from './places.ts';

/** A parameter and the tensor it is read from. */
export interface Match {
  readonly place: Place;
  readonly key: string;
  /** `{expert}` or `{head}` stands in it where it is one tensor per expert or head. */
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
      const of = shape.at(-2) ?? shape[0] ?? 0;
      const each = step.parts * (typeof step.per === 'object' ? step.per.blocks : rowsPer(step.per, place));
      return of % each === 0 ? shape : refuse(`deinterleave needs a multiple of ${each} rows, but it is ${text}`);
    }
    case 'ungroup': {
      const { heads } = place;
      if (heads === null) return refuse(`ungroup needs heads, but it is ${text}`);
      const of = heads.kvHeads * groupOf(heads).reduce((sum, size) => sum + size, 0);
      return shape[0] === of ? shape : refuse(`ungroup needs ${of} rows, queries, keys and values of all heads, but it is ${text}`); // prettier-ignore
    }
    case 'squeeze':
      return step.dim <= shape.length
        ? [...shape.slice(0, step.dim), 1, ...shape.slice(step.dim)]
        : refuse(`squeeze of dim ${step.dim}, but it is ${text}`);
    case 'stack':
      return countOf(step.over, place) === null
        ? refuse(`stack needs ${step.over}s, but it is ${text}`)
        : shape.slice(1);
  }
}

function resolved(step: WrittenStep, place: Place, after: readonly number[], parts: Parts | null): WeightStep {
  switch (step.kind) {
    case 'deinterleave':
      return { kind: step.kind, blocks: Array.from({ length: step.parts }, () => blockOf(step, place, after)) };
    case 'ungroup':
      return { kind: 'deinterleave', blocks: place.heads === null ? [] : groupOf(place.heads) };
    case 'split':
      return { kind: step.kind, part: step.part, parts: step.parts, from: parts?.from[step.part] ?? 0, rows: after[0] ?? 0 }; // prettier-ignore
    case 'permute_rope':
      return permuted(place, after);
    case 'transpose':
    case 'add':
    case 'squeeze':
    case 'stack':
      return step;
  }
}

/** Rows that belong to no heads are one head. */
function permuted({ heads }: Place, after: readonly number[]): WeightStep {
  const headDim = heads?.headDim ?? after.at(-2) ?? after[0] ?? 0;
  return { kind: 'permute_rope', headDim, dim: heads?.rope?.dim ?? headDim, to: heads?.rope?.pairing ?? 'half' };
}

type Deinterleave = Extract<WrittenStep, { kind: 'deinterleave' }>;

function blockOf({ per, parts }: Deinterleave, place: Place, shape: readonly number[]): number {
  if (typeof per !== 'object') return rowsPer(per, place);
  return (shape.at(-2) ?? shape[0] ?? 0) / (parts * per.blocks);
}

function rowsPer(per: 'row' | 'head', { heads }: Place): number {
  return per === 'head' ? (heads?.headDim ?? 1) : 1;
}

/** Rows of a key head's queries, of its key, of its value. */
function groupOf({ heads, kvHeads, headDim, vDim }: Heads): readonly number[] {
  return [(heads / kvHeads) * headDim, headDim, vDim];
}

/** How many experts or heads a parameter holds along its first dim; null: none. */
export function countOf(over: Stacked, { parameter }: Place): number | null {
  const [first] = parameter.dims;
  const names: readonly string[] = over === 'expert' ? ['expert'] : ['heads', 'kv_heads'];
  return first !== undefined && parameter.dims.length > 1 && names.includes(first.name) ? first.size : null;
}
