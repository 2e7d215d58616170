// Takes: a primitive op with its inputs as tensors. Gives: the elements of its result.
// Promises: total over `PrimitiveName`; plain loops; an index out of range throws InvariantError.
import { invariant } from '../../diagnostics.ts';
import { inputName } from '../expr-build.ts';
import type { NodeOf, OpName, PrimitiveName } from '../ops.ts';
import { streamKey, uniformOf } from '../random.ts';
import { compileExpr } from './compile-expr.ts';
import { constantValues } from './constants.ts';
import { contract } from './contract.ts';
import { around, arranged, countOf, offsets, pick, stridesOf } from './tensor.ts';
import type { Axis, Tensor } from './tensor.ts';

/** `dims`: those of the result, bound. `given`: the elements of a source. */
export type EvaluateRule<K extends OpName> = (
  node: NodeOf<K>,
  inputs: readonly Tensor[],
  dims: readonly Axis[],
  given: (name: string) => ArrayLike<number>,
) => Float64Array;

export function input(inputs: readonly Tensor[], i: number): Tensor {
  const t = inputs[i];
  invariant(t, `input ${i} is missing`);
  return t;
}

export const scalarOf = (inputs: readonly Tensor[], i: number): number => input(inputs, i).data[0] ?? NaN;

/** Rows of `size` starting at `start` of dim `name`, with the dims around it. */
function copyRows(from: Tensor, name: string, start: number, into: Float64Array, intoSize: number, at: number): void {
  const { before, size, after } = around(from.dims, name);
  const rows = Math.min(size - start, intoSize - at) * after;
  for (let b = 0; b < before; b++) {
    const source = (b * size + start) * after;
    into.set(from.data.subarray(source, source + rows), (b * intoSize + at) * after);
  }
}

/** Where each index points, checked. */
function checkedIndices(t: Tensor, size: number): Int32Array {
  return Int32Array.from(t.data, (index) => {
    invariant(index >= 0 && index < size, `index ${index} outside of [0, ${size})`);
    return index;
  });
}

export const primitiveRules: { readonly [K in PrimitiveName]: EvaluateRule<K> } = {
  source: ({ attrs }, _, dims, given) => {
    const values = given(attrs.name);
    invariant(values.length === countOf(dims), `'${attrs.name}' has ${values.length} values, not ${countOf(dims)}`);
    return Float64Array.from(values);
  },
  constant: ({ attrs }) => constantValues(attrs.data),
  iota: (_node, _inputs, dims) => Float64Array.from({ length: countOf(dims) }, (_, i) => i),
  map: ({ attrs }, inputs, dims) => {
    const fn = compileExpr(attrs.expr, { slotOf: new Map(inputs.map((_, i) => [inputName(i), i])) });
    const arrays = inputs.map((t) => arranged(t, dims));
    const slots = new Float64Array(inputs.length);
    const out = new Float64Array(countOf(dims));
    for (let i = 0; i < out.length; i++) {
      for (let j = 0; j < arrays.length; j++) slots[j] = arrays[j]?.[i] ?? NaN;
      out[i] = fn(slots);
    }
    return out;
  },
  random: ({ attrs }, inputs, dims) => {
    const key = streamKey(scalarOf(inputs, 0), attrs.stream);
    return Float64Array.from({ length: countOf(dims) }, (_, i) => uniformOf(key, i));
  },
  reduce: ({ attrs }, inputs, dims) => {
    const x = input(inputs, 0);
    const inner = x.dims.filter((d) => attrs.dims.includes(d.name));
    const data = arranged(x, [...dims, ...inner]);
    const count = countOf(inner);
    return Float64Array.from({ length: countOf(dims) }, (_, row) => {
      let result = attrs.fn === 'sum' ? 0 : -Infinity;
      for (let i = row * count; i < (row + 1) * count; i++)
        result = attrs.fn === 'sum' ? result + (data[i] ?? NaN) : Math.max(result, data[i] ?? NaN);
      return result;
    });
  },
  contract: ({ attrs }, inputs, dims) => contract(input(inputs, 0), input(inputs, 1), attrs.over, dims),
  broadcast: (_, inputs, dims) => arranged(input(inputs, 0), dims),
  rename: (_, inputs) => input(inputs, 0).data,
  permute: (_, inputs, dims) => arranged(input(inputs, 0), dims),
  split: (_, inputs) => input(inputs, 0).data,
  merge: ({ attrs }, inputs) => {
    const x = input(inputs, 0);
    const merged = attrs.dims.flatMap((name) => x.dims.filter((d) => d.name === name));
    const first = x.dims.find((d) => attrs.dims.includes(d.name));
    return arranged(x, x.dims.flatMap((d) => (d === first ? merged : attrs.dims.includes(d.name) ? [] : [d]))); // prettier-ignore
  },
  slice: ({ attrs }, inputs, dims) => {
    const x = input(inputs, 0);
    const { size } = around(dims, attrs.dim);
    invariant(attrs.start + size <= around(x.dims, attrs.dim).size, `slice of '${attrs.dim}' ends after the end`);
    return arranged(x, dims, attrs.start * (stridesOf(x.dims).get(attrs.dim) ?? 0));
  },
  pad: ({ attrs }, inputs, dims) => {
    const out = new Float64Array(countOf(dims));
    copyRows(input(inputs, 0), attrs.dim, 0, out, around(dims, attrs.dim).size, attrs.before);
    return out;
  },
  concat: ({ attrs }, inputs, dims) => {
    const out = new Float64Array(countOf(dims));
    let at = 0;
    for (const x of inputs) {
      copyRows(x, attrs.dim, 0, out, around(dims, attrs.dim).size, at);
      at += around(x.dims, attrs.dim).size;
    }
    return out;
  },
  rotate_pairs: ({ attrs }, inputs) => rotatePairs(input(inputs, 0), attrs.dim, attrs.pairing, attrs.inverse),
  gather: ({ attrs }, inputs) => {
    const [table, indices] = [input(inputs, 0), input(inputs, 1)];
    const { size } = around(table.dims, attrs.dim);
    const stride = stridesOf(table.dims).get(attrs.dim) ?? 0;
    const rest = table.dims.filter((d) => d.name !== attrs.dim);
    const strides = stridesOf(table.dims);
    const within = offsets(rest, rest.map((d) => strides.get(d.name) ?? 0)); // prettier-ignore
    const at = Array.from(checkedIndices(indices, size), (index) => Array.from(within, (w) => w + index * stride));
    return pick(table.data, Int32Array.from(at.flat()));
  },
  scatter_add: (_, inputs, dims) => {
    const [indices, updates] = [input(inputs, 0), input(inputs, 1)];
    const out = new Float64Array(countOf(dims));
    const row = countOf(dims.slice(1));
    checkedIndices(indices, dims[0]?.size ?? 0).forEach((index, i) => {
      for (let r = 0; r < row; r++)
        out[index * row + r] = (out[index * row + r] ?? 0) + (updates.data[i * row + r] ?? NaN);
    });
    return out;
  },
  update: ({ attrs }, inputs, dims) => {
    const [target, value, position] = [input(inputs, 0), input(inputs, 1), scalarOf(inputs, 2)];
    const { size } = around(dims, attrs.dim);
    const fits = position >= 0 && position + around(value.dims, attrs.dim).size <= size;
    invariant(fits, `update at ${position} of '${attrs.dim}' of size ${size}`);
    const out = target.data.slice();
    copyRows(value, attrs.dim, 0, out, size, position);
    return out;
  },
  after: (_, inputs) => input(inputs, 0).data,
};

/** half: y_j = -x_{j+n/2} (j < n/2), x_{j-n/2}; interleaved: y_{2j} = -x_{2j+1}, y_{2j+1} = x_{2j}; inverse: -y. */
export function rotatePairs(x: Tensor, dim: string, pairing: 'half' | 'interleaved', inverse: boolean): Float64Array {
  const { size, after } = around(x.dims, dim);
  const step = pairing === 'half' ? size / 2 : 1;
  return x.data.map((_, i) => {
    const j = Math.floor(i / after) % size;
    const first = pairing === 'half' ? j < step : j % 2 === 0;
    const partner = x.data[i + (first ? step : -step) * after] ?? NaN;
    return first === inverse ? partner : -partner;
  });
}
