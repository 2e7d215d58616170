// Takes: nothing. Gives: arithmetic of four lanes of f32 and of their bits, and functions written in it.
// Promises: straight-line code; a NaN in a lane stays one through `atMost` and `atLeast`.
import { f32x4, get, i32, i32x4, local, op, set } from '../code/code.ts';
import type { Code, Statement, WasmFunction } from '../code/code.ts';

/** x * y + z. */
export type Fma = (x: Code, y: Code, z: Code) => Code;

/** Relaxed: rounded once where the machine can. Functions here hold their promises either way. */
export const fmaFor = (relaxed: boolean): Fma =>
  relaxed ? (x, y, z) => op('f32x4.relaxed_madd', [x, y, z]) : (x, y, z) => plus(times(x, y), z);

export const plus = (x: Code, y: Code): Code => op('f32x4.add', [x, y]);
export const minus = (x: Code, y: Code): Code => op('f32x4.sub', [x, y]);
export const times = (x: Code, y: Code): Code => op('f32x4.mul', [x, y]);
export const over = (x: Code, y: Code): Code => op('f32x4.div', [x, y]);
export const atMost = (x: Code, limit: number): Code => op('f32x4.pmin', [x, f32x4(limit)]);
export const atLeast = (x: Code, limit: number): Code => op('f32x4.pmax', [x, f32x4(limit)]);

export const plusBits = (x: Code, y: number): Code => op('i32x4.add', [x, i32x4(y)]);
export const and = (x: Code, y: Code): Code => op('v128.and', [x, y]);
export const or = (x: Code, y: Code): Code => op('v128.or', [x, y]);
export const xor = (x: Code, y: Code): Code => op('v128.xor', [x, y]);
export const shiftLeft = (x: Code, bits: number): Code => op('i32x4.shl', [x, i32(bits)]);
export const shiftRight = (x: Code, bits: number): Code => op('i32x4.shr_u', [x, i32(bits)]);
export const choose = (mask: Code, yes: Code, no: Code): Code => op('v128.bitselect', [yes, no, mask]);

/** The bit of the sign of an f32. */
export const SIGN = -0x80000000;
export const signBits = (x: Code): Code => and(x, i32x4(SIGN));

/** Upper half of the significand: the product of two such is exact. */
export const upperHalf = (x: Code): Code => and(x, i32x4(-0x1000));

/** c0 + c1 x + c2 x^2 + ..., by Horner's scheme. */
export function polynomial(fma: Fma, x: Code, coefficients: readonly number[]): Code {
  const [last = 0, ...rest] = [...coefficients].reverse();
  return rest.reduce((sum, coefficient) => fma(sum, x, f32x4(coefficient)), f32x4(last));
}

/** Computes a value once; gives the variable that holds it. */
export type Keep = (name: string, value: Code) => Code;

export function lanesFunction(
  name: string,
  params: readonly string[],
  result: (keep: Keep, ...args: Code[]) => Code,
): WasmFunction {
  const locals = params.map((param) => local(param, 'v128'));
  const body: Statement[] = [];
  const keep: Keep = (name, value) => {
    const kept = local(name, value.type);
    body.push(set(kept, value));
    return get(kept);
  };
  const value = result(keep, ...locals.map(get));
  return { name, params: locals, body, result: value };
}
