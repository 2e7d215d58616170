// Takes: whether multiply-add may be relaxed. Gives: exp, sigmoid, tanh and erf of four lanes.
// Promises: finite for finite arguments; NaN stays NaN; no branches. exp is 0 below e^-86.98 = 1.7e-38 and 3.39e38 from 88.72 on, as in WGSL.
// Range reduction by two parts of ln 2 as in Cephes (Moshier, expf.c); the polynomial is an own minimax fit.
import { f32x4, i32x4, op } from '../code/code.ts';
import type { Code, WasmFunction } from '../code/code.ts';
import { SIGN, atLeast, atMost, choose, lanesFunction, minus, or, over, plus, polynomial, shiftLeft, signBits, times } from './lanes.ts'; // prettier-ignore
import type { Fma, Keep } from './lanes.ts';

/** ln 2 in two parts; a whole number below 2^15 times the first is exact. */
export const LN2 = [0.693359375, -2.1219444e-4] as const;

/** Added to a small number it leaves, in the low bits, the nearest whole number: 1.5 * 2^23. */
export const ROUNDER = 12582912;

/** e^r = 1 + r + r^2 (1/2 + ...) for |r| <= ln 2 / 2, to a relative 3.3e-9; own minimax fit (Remez's exchange), rounded to f32 one after another. */
const series = [1, 1, 0.4999999403953552, 0.16666516661643982, 0.04166810214519501, 0.00836916547268629, 0.001383832423016429]; // prettier-ignore

interface Reduced {
  /** 2^(n - shift), 0 for n - shift = -127, where factor * x = n ln 2 + factor * rest. */
  readonly scale: Code;
  readonly rest: Code;
}

/** Of e^(factor * x), for -127 <= n - shift <= 127. Multiplying the constants by the factor spares multiplying x. */
function reduced(keep: Keep, fma: Fma, x: Code, factor: 1 | 2 | -1, shift: 0 | 1 = 0): Reduced {
  const rounder = f32x4(ROUNDER + 127 - shift);
  const rounded = keep('rounded', fma(x, f32x4(factor * Math.LOG2E), rounder));
  const n = keep('n', minus(rounded, f32x4(ROUNDER + 127 - shift)));
  const [high, low] = LN2;
  const rest = keep('rest', fma(n, f32x4(-low / factor), fma(n, f32x4(-high / factor), x)));
  return { scale: shiftLeft(rounded, 23), rest };
}

const scaled = (factor: number, of: readonly number[] = series): number[] => of.map((c, i) => c * factor ** i);

/** Where e^x neither overflows nor is less than 0 can hold. */
export const limited = (x: Code): Code => atLeast(atMost(x, 88.72), -87.3);

/** e^x of limited x: half of 2^n, as 2^128 is no f32, times twice e^rest. */
export function exponential(keep: Keep, fma: Fma, x: Code): Code {
  const { scale, rest } = reduced(keep, fma, x, 1, 1);
  return times(polynomial(fma, rest, series.map((c) => 2 * c)), scale); // prettier-ignore
}

export const expFor = (fma: Fma): WasmFunction =>
  lanesFunction('exp', ['x'], (keep, x) => exponential(keep, fma, keep('limited', limited(x))));

/** 1 / (1 + e^-x). */
export const sigmoidFor = (fma: Fma): WasmFunction =>
  lanesFunction('sigmoid', ['x'], (keep, x) => {
    const { scale, rest } = reduced(keep, fma, keep('limited', atLeast(atMost(x, 30), -87.3)), -1);
    return over(f32x4(1), fma(polynomial(fma, rest, scaled(-1)), scale, f32x4(1)));
  });

/** (e^2x - 1) / (e^2x + 1), where e^2x - 1 = 2^n (e^r - 1) + (2^n - 1) cancels nothing near 0. */
export const tanhFor = (fma: Fma): WasmFunction =>
  lanesFunction('tanh', ['x'], (keep, x) => {
    const { scale, rest } = reduced(keep, fma, keep('limited', atLeast(atMost(x, 10), -10)), 2);
    const power = keep('power', scale);
    const restLess1 = times(polynomial(fma, rest, scaled(2).slice(1)), rest);
    const less1 = keep('less1', fma(restLess1, power, minus(power, f32x4(1))));
    return over(less1, plus(less1, f32x4(2)));
  });

/** Both of erf: the minimax polynomials of erf_f32 of the WGSL target, split at 0.93. erf(x) = x + x near(x^2). */
const near = [1.28379166e-1, -3.76125336e-1, 1.12819925e-1, -2.67681349e-2, 4.99119423e-3, -5.96761703e-4];
/** erf(t) = 1 - e^(t far(t) - t). */
const far = [-1.28717512e-1, -6.34846687e-1, -1.06777877e-1, 2.42546219e-2, -3.88396438e-3, 3.83197126e-4, -1.7285347e-5]; // prettier-ignore

export const erfFor = (fma: Fma): WasmFunction =>
  lanesFunction('erf', ['x'], (keep, x) => {
    const sign = keep('sign', signBits(x));
    const u = keep('u', atLeast(or(x, i32x4(SIGN)), -4)); // -min(|x|, 4)
    const power = fma(polynomial(fma, u, scaled(-1, far).map((c) => -c)), u, u); // prettier-ignore
    const { scale, rest } = reduced(keep, fma, keep('power', power), 1);
    const beyond = or(minus(f32x4(1), times(polynomial(fma, rest, series), scale)), sign);
    const close = fma(polynomial(fma, keep('square', times(u, u)), near), x, x);
    return choose(op('f32x4.lt', [u, f32x4(-0.927734375)]), beyond, close);
  });
