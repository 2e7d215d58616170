// Takes: a composite op with its inputs as tensors. Gives: the elements of its result.
// Promises: total over `CompositeName`; written from the formulas, apart from `decompose`, so that each checks the other.
import type { CompositeName } from '../ops.ts';
import { streamKey, uniformOf } from '../random.ts';
import { attention, attentionGrad } from './attention.ts';
import { input, rotatePairs, scalarOf } from './primitives.ts';
import type { EvaluateRule } from './primitives.ts';
import { arranged, countOf } from './tensor.ts';
import type { Axis, Tensor } from './tensor.ts';

/** The elements of `x` as rows over the named dims, and a way back. */
function rowsOver(x: Tensor, names: readonly string[]): { rows: Float64Array[]; outer: Axis[]; inner: Axis[] } {
  const inner = x.dims.filter((d) => names.includes(d.name));
  const outer = x.dims.filter((d) => !names.includes(d.name));
  const data = arranged(x, [...outer, ...inner]);
  const count = countOf(inner);
  return { rows: Array.from({ length: countOf(outer) }, (_, r) => data.subarray(r * count, (r + 1) * count)), outer, inner }; // prettier-ignore
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);

function logSumExp(row: Float64Array): number {
  const top = row.reduce((m, x) => Math.max(m, x), -Infinity);
  return top + Math.log(sum(row.map((x) => Math.exp(x - top))));
}

/** (x - mean) / sqrt(var + eps), with mean 0 for rms. */
function normalized(row: Float64Array, kind: 'rms' | 'layer', eps: number): Float64Array {
  const mean = kind === 'layer' ? sum(row) / row.length : 0;
  const centred = row.map((x) => x - mean);
  const scale = 1 / Math.sqrt(sum(centred.map((x) => x * x)) / row.length + eps);
  return centred.map((x) => x * scale);
}

export const compositeRules: { readonly [K in CompositeName]: EvaluateRule<K> } = {
  norm: ({ attrs }, inputs, dims) => {
    const { rows, outer, inner } = rowsOver(input(inputs, 0), attrs.dims);
    const data = new Float64Array(countOf(dims));
    rows.forEach((row, r) => data.set(normalized(row, attrs.kind, attrs.eps), r * row.length));
    const y = arranged({ type: 'f32', dims: [...outer, ...inner], data }, dims);
    const gain = attrs.gain === 'none' ? null : arranged(input(inputs, 1), dims);
    const bias = attrs.bias ? arranged(input(inputs, inputs.length - 1), dims) : null;
    const one = attrs.gain === 'one_plus' ? 1 : 0;
    return y.map((x, i) => x * (gain ? (gain[i] ?? NaN) + one : 1) + (bias ? (bias[i] ?? NaN) : 0));
  },
  rope: ({ attrs }, inputs, dims) => {
    const x = input(inputs, 0);
    const rotated = rotatePairs(x, attrs.dim, attrs.pairing, false);
    const [cos, sin] = [arranged(input(inputs, 1), dims), arranged(input(inputs, 2), dims)];
    return x.data.map((value, i) => value * (cos[i] ?? NaN) + (rotated[i] ?? NaN) * (sin[i] ?? NaN));
  },
  logsumexp: ({ attrs }, inputs) => Float64Array.from(rowsOver(input(inputs, 0), [attrs.dim]).rows, logSumExp),
  cross_entropy: ({ attrs }, inputs) => {
    const labels = input(inputs, 1).data;
    return Float64Array.from(rowsOver(input(inputs, 0), [attrs.dim]).rows, (row, r) => {
      if (labels[r] === attrs.ignore) return 0;
      const lse = logSumExp(row);
      return lse - (row[labels[r] ?? -1] ?? NaN) + attrs.zLoss * lse * lse;
    });
  },
  dropout: ({ attrs }, inputs) => {
    const rate = Math.fround(attrs.rate);
    const key = streamKey(scalarOf(inputs, 1), attrs.stream);
    return input(inputs, 0).data.map((x, i) => (uniformOf(key, i) >= rate ? x / (1 - rate) : 0));
  },
  attention: ({ attrs }, inputs, dims) => attention(attrs, inputs, dims),
  attention_grad: ({ attrs }, inputs, dims) => attentionGrad(attrs, inputs, dims),
};
