// Takes: numbers. Gives: the float64 meaning of the scalar functions of expressions.
// Promises: integers truncate; booleans are 0 and 1.
import type { BinaryFn, UnaryFn } from '../../3-graph/expr.ts';
import type { ScalarType } from '../../3-graph/types.ts';

/** erf by its Taylor series near 0 and the continued fraction of erfc beyond: float64 accuracy. */
function erf(x: number): number {
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  if (z < 3) {
    let [term, sum] = [x, x];
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 200; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = z;
  for (let n = 60; n >= 1; n--) fraction = z + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * fraction));
}

export const unary: { readonly [F in UnaryFn]: (x: number) => number } = {
  neg: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  erf,
  sin: Math.sin,
  cos: Math.cos,
  abs: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  not: (x) => (x ? 0 : 1),
};

const binaryFns: { readonly [F in BinaryFn]: (x: number, y: number) => number } = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  mod: (x, y) => x % y,
  min: Math.min,
  max: Math.max,
  pow: Math.pow,
  lt: (x, y) => (x < y ? 1 : 0),
  le: (x, y) => (x <= y ? 1 : 0),
  eq: (x, y) => (x === y ? 1 : 0),
  and: (x, y) => (x && y ? 1 : 0),
  or: (x, y) => (x || y ? 1 : 0),
};

/** The function on operands of `type`. */
export function binary(fn: BinaryFn, type: ScalarType): (x: number, y: number) => number {
  if (type === 'f32' || type === 'f16' || type === 'bool') return binaryFns[fn];
  if (fn === 'div') return (x, y) => Math.trunc(x / y);
  if (fn === 'mul') return type === 'i32' ? Math.imul : (x, y) => Math.imul(x, y) >>> 0;
  return binaryFns[fn];
}

export const castTo: { readonly [T in ScalarType]: (x: number) => number } = {
  f32: (x) => x,
  f16: (x) => x,
  i32: (x) => Math.trunc(x) | 0,
  u32: (x) => Math.trunc(x) >>> 0,
  bool: (x) => (x ? 1 : 0),
};

function pcg(x: number): number {
  const s = (Math.imul(x, 747796405) + 2891336453) >>> 0;
  const w = Math.imul((s >>> ((s >>> 28) + 4)) ^ s, 277803737) >>> 0;
  return ((w >>> 22) ^ w) >>> 0;
}

export function uniform(seed: number, stream: number, counter: number): number {
  return (pcg((counter ^ pcg((stream ^ pcg(seed >>> 0)) >>> 0)) >>> 0) >>> 8) * 2 ** -24;
}
