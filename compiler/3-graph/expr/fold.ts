// Takes: a scalar function and its operands as numbers. Gives: its value.
// Promises: the meaning of `UnaryFn` and `BinaryFn`, in float64 for floats and in 32 bits with wrap-around for integers.
import { erf } from './erf.ts';
import type { BinaryFn, UnaryFn } from '../expr.ts';
import type { ScalarType } from '../types.ts';

/** Booleans are 0 and 1. */
export const unaryFunctions: { readonly [K in UnaryFn]: (x: number) => number } = {
  neg: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  tanh: Math.tanh,
  sigmoid: (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  erf,
  sin: Math.sin,
  cos: Math.cos,
  abs: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  not: (x) => (x === 0 ? 1 : 0),
};

type Binary = (x: number, y: number) => number;

const comparisonsAndLogic = {
  lt: (x: number, y: number) => (x < y ? 1 : 0),
  le: (x: number, y: number) => (x <= y ? 1 : 0),
  eq: (x: number, y: number) => (x === y ? 1 : 0),
  and: (x: number, y: number) => (x !== 0 && y !== 0 ? 1 : 0),
  or: (x: number, y: number) => (x !== 0 || y !== 0 ? 1 : 0),
};

export const floatFunctions: { readonly [K in BinaryFn]: Binary } = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  mod: (x, y) => x % y,
  min: Math.min,
  max: Math.max,
  pow: Math.pow,
  ...comparisonsAndLogic,
};

function integerFunctions(wrap: (x: number) => number): { readonly [K in BinaryFn]: Binary } {
  return {
    add: (x, y) => wrap(x + y),
    sub: (x, y) => wrap(x - y),
    mul: (x, y) => wrap(Math.imul(x, y)),
    div: (x, y) => wrap(Math.trunc(x / y)),
    mod: (x, y) => wrap(x % y),
    min: Math.min,
    max: Math.max,
    pow: Math.pow,
    ...comparisonsAndLogic,
  };
}

/* oxlint-disable-next-line unicorn/prefer-math-trunc */
export const i32Functions: { readonly [K in BinaryFn]: Binary } = integerFunctions((x) => x | 0);
export const u32Functions: { readonly [K in BinaryFn]: Binary } = integerFunctions((x) => x >>> 0);

/** The table for operands of type `type`. */
export function binaryFunctions(type: ScalarType): { readonly [K in BinaryFn]: Binary } {
  if (type === 'i32') return i32Functions;
  return type === 'u32' ? u32Functions : floatFunctions;
}

export const foldUnary = (fn: UnaryFn, x: number): number => unaryFunctions[fn](x);
export const foldBinary = (fn: BinaryFn, x: number, y: number, type: ScalarType): number =>
  binaryFunctions(type)[fn](x, y);
