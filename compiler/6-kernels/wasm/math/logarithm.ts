// Takes: whether multiply-add may be relaxed. Gives: log and pow of four lanes.
// Promises: log is exact for subnormal numbers too, -inf of 0, NaN below. pow as pow_f32 of the WGSL target. NaN stays NaN; no branches.
// log as in Cephes (Moshier, logf.c): x = 2^k (1 + f), log(1 + f) = f - f^2/2 + f^3 P(f); the polynomial is an own minimax fit.
import { f32x4, i32, i32x4, op } from '../code/code.ts';
import type { Code, WasmFunction } from '../code/code.ts';
import { LN2, exponential, limited } from './exponential.ts';
import { and, atLeast, atMost, choose, lanesFunction, minus, or, plus, plusBits, polynomial, signBits, times, upperHalf, xor } from './lanes.ts'; // prettier-ignore
import type { Fma, Keep } from './lanes.ts';

/** (log(1 + f) - f + f^2/2) / f^3 from sqrt(1/2) to sqrt(2), to a relative 7.7e-10 of log(1 + f): own minimax fit by linear programming, rounded to f32 one after another. */
const series = [0.3333331346511841, -0.25000008940696716, 0.2000207155942917, -0.16667988896369934, 0.14220358431339264, -0.12406235188245773, 0.11883552372455597, -0.11670084297657013, 0.06749233603477478]; // prettier-ignore

const SQRT_HALF = 0x3f3504f3;
const ONE = 0x3f800000;
const LEAST_NORMAL = 2 ** -126;

interface Parts {
  /** A whole number. */
  readonly k: Code;
  readonly f: Code;
}

/** x = 2^k (1 + f), sqrt(1/2) <= 1 + f < sqrt(2), for normal x > 0. */
function split(keep: Keep, x: Code): Parts {
  const bits = keep('bits', plusBits(x, ONE - SQRT_HALF));
  const f = keep('f', minus(plusBits(and(bits, i32x4(0x7fffff)), SQRT_HALF), f32x4(1)));
  const exponent = op('f32x4.convert_i32x4_s', [op('i32x4.shr_s', [bits, i32(23)])]);
  return { k: keep('k', minus(exponent, f32x4(127))), f };
}

/** f^3 P(f). */
const cubic = (fma: Fma, f: Code, square: Code): Code => times(polynomial(fma, f, series), times(f, square));

export const logFor = (fma: Fma): WasmFunction =>
  lanesFunction('log', ['x'], (keep, x) => {
    const small = keep('small', op('f32x4.lt', [x, f32x4(LEAST_NORMAL)]));
    const parts = split(keep, choose(small, times(x, f32x4(2 ** 23)), x));
    const k = keep('k', minus(parts.k, and(small, f32x4(23))));
    const { f } = parts;
    const square = keep('square', times(f, f));
    const low = fma(square, f32x4(-0.5), fma(k, f32x4(LN2[1]), cubic(fma, f, square)));
    const value = fma(k, f32x4(LN2[0]), plus(f, low));
    // Itself for infinity and NaN; all bits set, which is a NaN, below 0; less infinity at 0.
    const above = choose(op('f32x4.lt', [x, f32x4(Infinity)]), value, x);
    const below = or(above, op('f32x4.lt', [x, f32x4(0)]));
    return minus(below, and(op('f32x4.eq', [x, f32x4(0)]), f32x4(Infinity)));
  });

/** A sum that is not rounded: |high| >= |low|. */
interface Sum {
  readonly high: Code;
  readonly low: Code;
}

/** high + low is x + y exactly where |x| >= |y|, or x is 0 (Dekker, Fast2Sum). */
function exactSum(keep: Keep, name: string, x: Code, y: Code): Sum {
  const high = keep(name, plus(x, y));
  return { high, low: minus(y, minus(high, x)) };
}

/** log of normal x > 0 in two numbers: what y multiplies must be right to more than 24 bits. */
function preciseLog(keep: Keep, fma: Fma, x: Code): Sum {
  const { k, f } = split(keep, x);
  const upper = keep('upper', upperHalf(f));
  const half = keep('half', times(f32x4(-0.5), times(upper, upper))); // exact
  const halfLow = times(f32x4(-0.5), times(minus(f, upper), plus(f, upper)));
  const near = exactSum(keep, 'near', f, half);
  const sum = exactSum(keep, 'high', keep('whole', times(k, f32x4(LN2[0]))), near.high);
  const small = fma(k, f32x4(LN2[1]), plus(halfLow, cubic(fma, f, keep('square', times(f, f)))));
  return { high: sum.high, low: keep('low', plus(plus(near.low, sum.low), small)) };
}

/**
 * |x|^y = e^(y log |x|), the product in two numbers; negative for x < 0 and odd y, positive for all other y. 0 and subnormal x are taken as
 * 2^-126, but 0^y = 0 for y > 0.
 */
export const powFor = (fma: Fma): WasmFunction =>
  lanesFunction('pow', ['x', 'y'], (keep, x, y) => {
    const log = preciseLog(keep, fma, keep('size', atLeast(and(x, i32x4(0x7fffffff)), LEAST_NORMAL)));
    // Beyond 2^31 every power is 0, 1 or the greatest.
    const exponent = keep('exponent', atLeast(atMost(y, 2 ** 31), -(2 ** 31)));
    const [upperY, upperLog] = [keep('upper_y', upperHalf(exponent)), keep('upper_log', upperHalf(log.high))];
    const main = keep('main', times(upperY, upperLog)); // exact
    const parts = fma(minus(exponent, upperY), log.high, times(upperY, minus(log.high, upperLog)));
    const rest = keep('remainder', fma(exponent, log.low, parts));
    const product = keep('product', plus(main, rest));
    const power = keep('power', limited(product));
    const lost = and(plus(minus(main, power), rest), op('f32x4.eq', [product, power]));
    const exp = keep('exp', exponential(keep, fma, power));
    const zero = and(op('f32x4.eq', [x, f32x4(0)]), op('f32x4.gt', [y, f32x4(0)]));
    const magnitude = op('v128.andnot', [fma(exp, lost, exp), zero]);
    const odd = op('f32x4.eq', [minus(y, times(f32x4(2), op('f32x4.floor', [times(f32x4(0.5), y)]))), f32x4(1)]);
    return or(xor(magnitude, and(signBits(x), odd)), op('f32x4.ne', [x, x]));
  });
