// Takes: an op, its attributes and the types of its inputs. Gives: the type of its result.
// Promises: total over `OpName`; ill-typed use throws InvariantError and says what does not fit.
import { invariant } from '../diagnostics.ts';
import { dimNames, dimOf, numericSize, sameDims, unionDims, without } from './infer/dims.ts';
import { checkExpr } from './expr/check-expr.ts';
import { inputName, isFloat } from './expr-build.ts';
import { compositeTypes } from './infer/composite-types.ts';
import type { ConstantData } from '../7-plan/plan.ts';
import type { Attrs, OpName, PrimitiveName } from './ops.ts';
import type { Dim, ScalarType, Size, TensorType } from './types.ts';

type TypeRule<K extends OpName> = (attrs: Attrs<K>, inputs: readonly TensorType[]) => TensorType;

/** Exactly `n` inputs. */
function take(inputs: readonly TensorType[], n: number): readonly TensorType[] {
  invariant(inputs.length === n, `${n} inputs expected, ${inputs.length} given`);
  return inputs;
}

function one(inputs: readonly TensorType[]): TensorType {
  const [x] = take(inputs, 1);
  invariant(x, 'one input');
  return x;
}

function two(inputs: readonly TensorType[]): readonly [TensorType, TensorType] {
  const [x, y] = take(inputs, 2);
  invariant(x && y, 'two inputs');
  return [x, y];
}

function checkDims(dims: readonly Dim[]): void {
  const names = new Set(dims.map((d) => d.name));
  invariant(names.size === dims.length, `a dim occurs twice in [${dims.map((d) => d.name).join(', ')}]`);
  for (const { name, size } of dims)
    invariant(typeof size === 'string' || (Number.isInteger(size) && size > 0), `dim '${name}' of size ${size}`);
}

/** The product; at most one factor may be a symbol, and then the others are 1. */
function product(dims: readonly Dim[]): Size {
  const symbols = dims.flatMap((d) => (typeof d.size === 'string' ? [d.size] : []));
  const number = dims.reduce((n, d) => (typeof d.size === 'number' ? n * d.size : n), 1);
  const [symbol] = symbols;
  if (symbol === undefined) return number;
  invariant(symbols.length === 1 && number === 1, `no size for ${dims.map((d) => d.size).join(' * ')}`);
  return symbol;
}

const replaceDim = (t: TensorType, name: string, by: readonly Dim[]): TensorType => {
  dimOf(t, name);
  return { type: t.type, dims: t.dims.flatMap((d) => (d.name === name ? by : [d])) };
};

function checkIndices(t: TensorType): void {
  invariant(t.type === 'i32', `indices of type ${t.type}`);
}

function dataCount(data: ConstantData): number {
  if (data.kind === 'values') return data.values.length;
  return data.positions * (data.kind === 'rope_table' ? data.inverseFrequencies : data.slopes).length;
}

const primitiveTypes: { readonly [K in PrimitiveName]: TypeRule<K> } = {
  source: ({ type }, inputs) => (take(inputs, 0), type),
  constant: ({ type, data }, inputs) => {
    take(inputs, 0);
    const count = type.dims.reduce((n, d) => n * numericSize(type, d.name), 1);
    const given = dataCount(data);
    invariant(count === given, `a constant of ${count} elements with ${given} values`);
    return type;
  },
  iota: ({ dim }, inputs) => (take(inputs, 0), { type: 'i32', dims: [dim] }),
  map: ({ expr }, inputs) => {
    checkExpr(expr, new Map(inputs.map((t, i): [string, ScalarType] => [inputName(i), t.type])), 'map');
    return { type: expr.type, dims: unionDims(...inputs.map((t) => t.dims)) };
  },
  random: ({ dims }, inputs) => {
    const seed = one(inputs);
    invariant(seed.type === 'u32' && seed.dims.length === 0, 'the seed of random is a u32 scalar');
    return { type: 'f32', dims };
  },
  reduce: ({ dims }, inputs) => {
    const x = one(inputs);
    invariant(isFloat(x.type) || x.type === 'i32', `a reduction of ${x.type}`);
    invariant(dims.length > 0, 'a reduction over no dim');
    for (const name of dims) dimOf(x, name);
    return { type: x.type, dims: without(x, dims) };
  },
  contract: ({ over }, inputs) => {
    const [a, b] = two(inputs);
    invariant(a.type === b.type && isFloat(a.type), `a contraction of ${a.type} and ${b.type}`);
    invariant(over.length > 0, 'a contraction over no dim is a map');
    for (const name of over) invariant(dimOf(a, name).size === dimOf(b, name).size, `sizes of '${name}' differ`);
    return { type: 'f32', dims: unionDims(without(a, over), without(b, over)) };
  },
  broadcast: ({ dims }, inputs) => {
    const x = one(inputs);
    return { type: x.type, dims: [...dims, ...x.dims] };
  },
  rename: ({ from, to }, inputs) => {
    const x = one(inputs);
    return replaceDim(x, from, [{ name: to, size: dimOf(x, from).size }]);
  },
  permute: ({ order }, inputs) => {
    const x = one(inputs);
    invariant(order.length === x.dims.length, `[${order.join(', ')}] is no order of [${dimNames(x).join(', ')}]`);
    return { type: x.type, dims: order.map((name) => dimOf(x, name)) };
  },
  split: ({ dim, into }, inputs) => {
    const x = one(inputs);
    invariant(product(into) === dimOf(x, dim).size, `'${dim}' of ${dimOf(x, dim).size} split into ${product(into)}`);
    return replaceDim(x, dim, into);
  },
  merge: ({ dims, into }, inputs) => {
    const x = one(inputs);
    const size = product(dims.map((name) => dimOf(x, name)));
    const first = x.dims.find((d) => dims.includes(d.name));
    invariant(first, 'a merge of no dims');
    return {
      type: x.type,
      dims: x.dims.flatMap((d) => (d === first ? [{ name: into, size }] : dims.includes(d.name) ? [] : [d])),
    };
  },
  slice: ({ dim, start, size }, inputs) => {
    const x = one(inputs);
    const whole = dimOf(x, dim).size;
    const fits = typeof whole === 'string' || typeof size === 'string' || start + size <= whole;
    invariant(start >= 0 && fits, `slice [${start}, ${start} + ${size}) of '${dim}' of size ${whole}`);
    return replaceDim(x, dim, [{ name: dim, size }]);
  },
  pad: ({ dim, before, after }, inputs) => {
    const x = one(inputs);
    invariant(before >= 0 && after >= 0, `pad of ${before} and ${after}`);
    return replaceDim(x, dim, [{ name: dim, size: numericSize(x, dim) + before + after }]);
  },
  concat: ({ dim }, inputs) => {
    const [first] = inputs;
    invariant(first, 'concat of nothing');
    for (const t of inputs) {
      invariant(t.type === first.type, `concat of ${first.type} and ${t.type}`);
      const like = replaceDim(t, dim, [dimOf(first, dim)]);
      invariant(sameDims(like.dims, first.dims), `concat along '${dim}': other dims differ`);
    }
    return replaceDim(first, dim, [{ name: dim, size: inputs.reduce((n, t) => n + numericSize(t, dim), 0) }]);
  },
  rotate_pairs: ({ dim }, inputs) => {
    const x = one(inputs);
    invariant(isFloat(x.type), `rotation of ${x.type}`);
    invariant(numericSize(x, dim) % 2 === 0, `rotation of pairs along '${dim}' of odd size`);
    return x;
  },
  gather: ({ dim }, inputs) => {
    const [table, indices] = two(inputs);
    checkIndices(indices);
    dimOf(table, dim);
    return { type: table.type, dims: [...indices.dims, ...without(table, [dim])] };
  },
  scatter_add: ({ dim }, inputs) => {
    const [indices, updates] = two(inputs);
    checkIndices(indices);
    const leading = updates.dims.slice(0, indices.dims.length);
    invariant(sameDims(leading, indices.dims), 'the updates of scatter_add start with the dims of its indices');
    return { type: updates.type, dims: [dim, ...updates.dims.slice(indices.dims.length)] };
  },
  update: ({ dim }, inputs) => {
    const [target, value, position] = take(inputs, 3);
    invariant(target && value && position, 'three inputs');
    invariant(position.type === 'i32' && position.dims.length === 0, 'the position of update is an i32 scalar');
    invariant(target.type === value.type, `update of ${target.type} by ${value.type}`);
    const like = replaceDim(value, dim, [dimOf(target, dim)]);
    invariant(sameDims(like.dims, target.dims), `update along '${dim}': other dims differ`);
    return target;
  },
  after: (_, inputs) => two(inputs)[0],
};

const typeRules: { readonly [K in OpName]: TypeRule<K> } = { ...primitiveTypes, ...compositeTypes };

/** Result type of `op`. @throws InvariantError naming the op when the inputs do not fit. */
export function inferType<K extends OpName>(op: K, attrs: Attrs<K>, inputs: readonly TensorType[]): TensorType {
  const rule: TypeRule<K> = typeRules[op];
  const type = rule(attrs, inputs);
  checkDims(type.dims);
  return type;
}
