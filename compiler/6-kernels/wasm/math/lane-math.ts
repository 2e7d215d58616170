// Takes: nothing. Gives: short names for arithmetic on four f32 or i32 lanes, and a writer of small functions.
// Promises: values used twice stand in a local.
import { f32x4, get, i32, i32x4, local, op, set } from '../code/code.ts';
import type { Code, Local, Statement, WasmFunction } from '../code/code.ts';
import type { ValueType } from '../code/instructions.ts';

export const plus = (x: Code, y: Code): Code => op('f32x4.add', [x, y]);
export const minus = (x: Code, y: Code): Code => op('f32x4.sub', [x, y]);
export const times = (x: Code, y: Code): Code => op('f32x4.mul', [x, y]);
export const over = (x: Code, y: Code): Code => op('f32x4.div', [x, y]);
export const splat = f32x4;
export const bitsAnd = (x: Code, bits: number): Code => op('v128.and', [x, i32x4(bits)]);
export const shiftLeft = (x: Code, bits: number): Code => op('i32x4.shl', [x, i32(bits)]);
export const shiftRight = (x: Code, bits: number): Code => op('i32x4.shr_u', [x, i32(bits)]);
export const either = (mask: Code, yes: Code, no: Code): Code => op('v128.bitselect', [yes, no, mask]);

export type Fma = (x: Code, y: Code, z: Code) => Code;

export function fmaFor(relaxed: boolean): Fma {
  return (x, y, z) => (relaxed ? op('f32x4.relaxed_madd', [x, y, z]) : plus(times(x, y), z));
}

/** c[0] x^n + ... + c[n], by Horner's rule. */
export function polynomial(fma: Fma, x: Code, coefficients: readonly number[]): Code {
  const [first = 0, ...rest] = coefficients;
  return rest.reduce((sum, c) => fma(sum, x, splat(c)), splat(first));
}

/** Writes a function: `keep` puts a value into a local and gives it back as a name. */
export function define(
  name: string,
  types: readonly ValueType[],
  write: (keep: (code: Code) => Code, ...args: readonly Code[]) => Code,
): WasmFunction {
  const params = types.map((type, i): Local => local(`x${i}`, type));
  const body: Statement[] = [];
  const keep = (code: Code): Code => {
    if (code.kind !== 'op' && code.kind !== 'call' && code.kind !== 'select') return code;
    const kept = local(`y${body.length}`, code.type);
    body.push(set(kept, code));
    return get(kept);
  };
  const result = write(keep, ...params.map(get));
  return { name, params, body, result };
}

/** As `define`, for a function of one vector. */
export function define1(name: string, write: (keep: (code: Code) => Code, x: Code) => Code): WasmFunction {
  return define(name, ['v128'], (keep, x = splat(0)) => write(keep, x));
}
