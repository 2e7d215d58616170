// Takes: two tensors and the dims to sum over. Gives: the elements of their contraction.
// Promises: float64 sums in row-major order of the summed dims.
import { arranged, countOf } from './tensor.ts';
import type { Axis, Tensor } from './tensor.ts';

const has = (t: Tensor, d: Axis): boolean => t.dims.some((x) => x.name === d.name);

/** y = sum over `over` of a * b, in the order of `dims`. */
export function contract(a: Tensor, b: Tensor, over: readonly string[], dims: readonly Axis[]): Float64Array {
  const k = a.dims.filter((d) => over.includes(d.name));
  const batch = dims.filter((d) => has(a, d) && has(b, d));
  const rows = dims.filter((d) => has(a, d) && !has(b, d));
  const columns = dims.filter((d) => !has(a, d));
  const [m, n] = [countOf(rows), countOf(columns)];
  const depth = countOf(k);
  // left: [batch, rows, k], right: [batch, columns, k], out: [batch, rows, columns]
  const left = arranged(a, [...batch, ...rows, ...k]);
  const right = arranged(b, [...batch, ...columns, ...k]);
  const out = new Float64Array(countOf(dims));
  for (let g = 0; g < countOf(batch); g++)
    for (let i = g * m; i < (g + 1) * m; i++)
      for (let j = g * n; j < (g + 1) * n; j++) out[i * n + j - g * n] = dot(left, i * depth, right, j * depth, depth);
  return arranged({ type: 'f32', dims: [...batch, ...rows, ...columns], data: out }, dims);
}

function dot(a: Float64Array, aStart: number, b: Float64Array, bStart: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += (a[aStart + i] ?? NaN) * (b[bStart + i] ?? NaN);
  return sum;
}
