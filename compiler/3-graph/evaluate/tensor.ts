// Takes: tensors of numbers. Gives: copies of them in other orders, sizes and places.
// Promises: row-major Float64Array, integers and booleans (0, 1) included; inputs are never written to.
import { invariant } from '../../diagnostics.ts';
import type { ScalarType, Sizes, TensorType } from '../types.ts';

export interface Axis {
  readonly name: string;
  readonly size: number;
}

export interface Tensor {
  readonly type: ScalarType;
  readonly dims: readonly Axis[];
  /** Row-major over dims. */
  readonly data: Float64Array;
}

export const countOf = (dims: readonly Axis[]): number => dims.reduce((n, d) => n * d.size, 1);

/** Sizes as numbers. @throws InvariantError when a symbol is not bound. */
export function boundDims(type: TensorType, sizes: Sizes): Axis[] {
  return type.dims.map(({ name, size }) => {
    const bound = typeof size === 'number' ? size : sizes[size];
    invariant(bound !== undefined, `no size for the symbol '${size}'`);
    return { name, size: bound };
  });
}

/** Distance in memory between neighbours along each dim. */
export function stridesOf(dims: readonly Axis[]): Map<string, number> {
  const strides = new Map<string, number>();
  let stride = 1;
  for (const { name, size } of dims.toReversed()) {
    strides.set(name, stride);
    stride *= size;
  }
  return strides;
}

/** Positions in `data` of all points of `dims`, row-major, at the given distance along each dim. */
export function offsets(dims: readonly Axis[], strides: readonly number[], start = 0): Int32Array {
  let out = Int32Array.of(start);
  dims.forEach(({ size }, d) => {
    const stride = strides[d] ?? 0;
    const next = new Int32Array(out.length * size);
    let i = 0;
    for (const base of out) for (let j = 0; j < size; j++) next[i++] = base + j * stride;
    out = next;
  });
  return out;
}

/** Elements of `t` at all points of `dims`: permutes, repeats along dims `t` lacks. */
export function arranged(t: Tensor, dims: readonly Axis[], start = 0): Float64Array {
  const same = start === 0 && dims.length === t.dims.length && dims.every((d, i) => d.name === t.dims[i]?.name && d.size === t.dims[i]?.size); // prettier-ignore
  if (same) return t.data;
  const strides = stridesOf(t.dims);
  return pick(t.data, offsets(dims, dims.map((d) => strides.get(d.name) ?? 0), start)); // prettier-ignore
}

export function pick(data: Float64Array, at: Int32Array): Float64Array {
  const out = new Float64Array(at.length);
  for (let i = 0; i < at.length; i++) out[i] = data[at[i] ?? 0] ?? NaN;
  return out;
}

/** `t` with its dims as [before, dim, after]: the sizes of the three. */
export function around(dims: readonly Axis[], name: string): { before: number; size: number; after: number } {
  const at = dims.findIndex((d) => d.name === name);
  invariant(at >= 0, `no dim '${name}'`);
  return { before: countOf(dims.slice(0, at)), size: dims[at]?.size ?? 0, after: countOf(dims.slice(at + 1)) };
}
