// Takes: whether multiply-add may be relaxed. Gives: sin and cos of four lanes.
// Promises: within 1.2e-7 for |x| <= 1e5, less exact beyond; within [-1, 1] for all finite x; NaN stays NaN; no branches.
// Range reduction by three parts of pi (Cody and Waite, Software Manual for the Elementary Functions, 1980); the polynomial is an own minimax fit.
import { f32x4 } from '../code/code.ts';
import type { Code, WasmFunction } from '../code/code.ts';
import { ROUNDER } from './exponential.ts';
import { atLeast, atMost, lanesFunction, minus, plus, polynomial, shiftLeft, times, xor } from './lanes.ts';
import type { Fma, Keep } from './lanes.ts';

/** pi in three parts; the first two of 8 bits, so that up to 2^16 of them are exact. */
const PI = [201 / 64, 254 / 2 ** 18, Math.PI - 201 / 64 - 254 / 2 ** 18] as const;

/** More than pi / 2, as x / pi is rounded. */
const REACH = 1.62;

/** (sin(r) - r) / r^3 in r^2, to a relative 6.5e-9 of sin(r) for |r| <= 1.575: own minimax fit (Remez's exchange), rounded to f32 one after another. cos(0) is 1. */
const series = [-0.16666659712791443, 0.00833306834101677, -0.0001980965753318742, 2.6057423383463174e-6]; // prettier-ignore

export const sinFor = (fma: Fma): WasmFunction =>
  lanesFunction('sin', ['x'], (keep, x) => {
    const rounded = keep('rounded', fma(x, f32x4(1 / Math.PI), f32x4(ROUNDER)));
    return sine(keep, fma, x, minus(rounded, f32x4(ROUNDER)), rounded);
  });

/** cos(x) = sin(x + pi / 2). */
export const cosFor = (fma: Fma): WasmFunction =>
  lanesFunction('cos', ['x'], (keep, x) => {
    const rounded = keep('rounded', plus(fma(x, f32x4(1 / Math.PI), f32x4(0.5)), f32x4(ROUNDER)));
    return sine(keep, fma, x, minus(minus(rounded, f32x4(ROUNDER)), f32x4(0.5)), rounded);
  });

/** (-1)^m sin(x - turns pi), which is within [-pi/2, pi/2]; m: the low bit of `rounded`. */
function sine(keep: Keep, fma: Fma, x: Code, turns: Code, rounded: Code): Code {
  const n = keep('n', turns);
  const reduced = PI.reduce((rest, part) => fma(n, f32x4(-part), rest), x);
  // Beyond 2^22 half turns nothing of r is right; bounded, at least.
  const r = keep('r', atLeast(atMost(reduced, REACH), -REACH));
  const square = keep('square', times(r, r));
  const value = fma(polynomial(fma, square, series), times(square, r), r);
  return xor(value, shiftLeft(rounded, 31));
}
