// Takes: tensors as a family stores them. Gives: the parameters of our model.
// Promises: a map from our names to theirs; parts of fused tensors are cut out, never guessed.
import type { Parameter } from '../../compiler/2-check/parameters/parameter.ts';

export interface Stored {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** Where a parameter lies: the name of a stored tensor (`{i}` is the layer) and what to take of it. */
export interface Part {
  readonly from: string;
  readonly take: (tensor: Stored) => Stored;
}

/** By our name without `layers.{i}.` and without the name of the norm: `attn.q.weight`, `mix.gain`. Every mixer is `attn`. */
export type WeightMap = Readonly<Record<string, string | Part>>;

const rowLength = (t: Stored): number => t.shape.slice(1).reduce((n, size) => n * size, 1);

/** Rows `pick(0)`, `pick(1)`, ... of the first axis. */
function pickRows(t: Stored, count: number, pick: (row: number) => number): Stored {
  const length = rowLength(t);
  const data = Float64Array.from({ length: count * length }, (_, i) => {
    const value = t.data[pick(Math.floor(i / length)) * length + (i % length)];
    if (value === undefined) throw new Error(`row ${pick(Math.floor(i / length))} of ${t.shape.join('x')}`);
    return value;
  });
  return { shape: [count, ...t.shape.slice(1)], data };
}

export const rows =
  (start: number, count: number) =>
  (t: Stored): Stored =>
    pickRows(t, count, (row) => start + row);

/** Part `part` of `parts` of each head: rows are [heads, parts, headDim]. */
export const perHead =
  (part: number, parts: number, headDim: number) =>
  (t: Stored): Stored =>
    pickRows(
      t,
      (t.shape[0] ?? 0) / parts,
      (row) => (Math.floor(row / headDim) * parts + part) * headDim + (row % headDim),
    );

export function transpose(t: Stored): Stored {
  const [n = 0, m = 1] = t.shape;
  if (t.shape.length === 1) return t;
  return {
    shape: [m, n],
    data: Float64Array.from({ length: n * m }, (_, i) => t.data[(i % n) * m + Math.floor(i / n)] ?? NaN),
  };
}

export const part = (from: string, ...steps: readonly ((t: Stored) => Stored)[]): Part => ({
  from,
  take: (tensor) => steps.reduce((t, step) => step(t), tensor),
});

/** The weight and the bias of a linear map, or of a norm under our names `gain` and `bias`. */
export const both = (ours: string, theirs: string, ...steps: readonly ((t: Stored) => Stored)[]): WeightMap => ({
  [`${ours}.weight`]: part(`${theirs}.weight`, ...steps),
  [`${ours}.gain`]: part(`${theirs}.weight`, ...steps),
  [`${ours}.bias`]: part(`${theirs}.bias`, ...steps),
});

export interface Located {
  /** The stored tensor it is, or is a part of. */
  readonly from: string;
  readonly take: (tensor: Stored) => Stored;
}

/** @throws when the map does not know the parameter. */
export function locate(map: WeightMap, parameter: Parameter): Located {
  const layer = /^layers\.(\d+)\.(.*)$/.exec(parameter.name);
  const name = (layer?.[2] ?? parameter.name)
    .replace(/^\w+\.((?:post_)?(?:mix|ffn)\.(?:gain|bias))$/, '$1')
    .replace(/^(?:local|global|nope)\./, 'attn.');
  const found = map[name];
  if (found === undefined) throw new Error(`no stored name for ${parameter.name} (${name})`);
  const { from, take } = typeof found === 'string' ? part(found) : found;
  return { from: from.replace('{i}', layer?.[1] ?? ''), take };
}

/** @throws when the tensor is missing or has another number of elements than the parameter. */
export function takeParameter(
  map: WeightMap,
  parameter: Parameter,
  tensors: ReadonlyMap<string, Stored>,
): ArrayLike<number> {
  const { from, take } = locate(map, parameter);
  const tensor = tensors.get(from);
  if (!tensor) throw new Error(`no stored tensor ${from} for ${parameter.name}`);
  const { data, shape } = take(tensor);
  const wanted = parameter.dims.map((dim) => dim.size);
  if (shape.join('x') !== wanted.join('x')) {
    throw new Error(`${parameter.name} is ${wanted.join('x')}, ${from} gives ${shape.join('x')}`);
  }
  return data;
}
