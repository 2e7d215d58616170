// Takes: whether multiply-add is one instruction. Gives: exp, log, tanh, sigmoid, erf, sin, cos, pow of four f32.
// Promises: branch-free; finite for every finite argument where the function's value is finite; what is no number stays none.
import { call, i32, i32x4, op } from '../code/code.ts';
import type { Code, WasmFunction } from '../code/code.ts';
import { bitsAnd, define, define1, either, fmaFor, minus, over, plus, polynomial, shiftLeft, shiftRight, splat, times } from './lane-math.ts'; // prettier-ignore
import type { Fma } from './lane-math.ts';

export type ElementaryName = 'exp' | 'log' | 'tanh' | 'sigmoid' | 'erf' | 'sin' | 'cos' | 'pow';

const SIGN = -2147483648;
const ROUNDING = 12582912;
const ROUNDING_BITS = 0x4b400000;
const LEAST_NORMAL = 1.1754943508222875e-38;

export function elementary(relaxed: boolean): { readonly [N in ElementaryName]: WasmFunction } {
  const fma = fmaFor(relaxed);
  const exp = exponential(fma);
  return {
    exp,
    log: logarithm(fma),
    tanh: tangent(fma, exp),
    sigmoid: define1('sigmoid', (_, x) => over(splat(1), plus(splat(1), call(exp, [op('f32x4.neg', [x])])))),
    erf: errorFunction(fma, exp),
    sin: circular(fma, 'sin'),
    cos: circular(fma, 'cos'),
    pow: power(fma, exp),
  };
}

/**
 * e^x = 2^n e^r with n = round(x / log 2), |r| <= log(2) / 2; the polynomial is that of Cephes' expf. x is cut to [-104, 88.72], so
 * the greatest value is finite; 2^n is multiplied in two steps, so that the least are exact. Adding 1.5 * 2^23 rounds, and
 * leaves n in the low bits: SiLU takes 0.88 ns an element, 1.0 with nearest and trunc_sat, which is seven instructions of x64.
 */
function exponential(fma: Fma): WasmFunction {
  return define1('exp', (keep, x) => {
    // (x, limit): where x is no number, pmin and pmax give x.
    const cut = keep(op('f32x4.pmax', [op('f32x4.pmin', [x, splat(88.72)]), splat(-104)]));
    const shifted = keep(fma(cut, splat(Math.LOG2E), splat(ROUNDING)));
    const n = keep(minus(shifted, splat(ROUNDING)));
    const r = keep(fma(n, splat(2.1219444e-4), fma(n, splat(-0.693359375), cut)));
    const p = polynomial(fma, r, [1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1]); // prettier-ignore
    const y = keep(plus(fma(p, times(r, r), r), splat(1)));
    const whole = keep(op('i32x4.sub', [shifted, i32x4(ROUNDING_BITS)]));
    const half = keep(op('i32x4.shr_s', [whole, i32(1)]));
    return times(times(y, power2(half)), power2(op('i32x4.sub', [whole, half])));
  });
}

/** 2^n of i32 lanes, -126 <= n <= 127. */
const power2 = (n: Code): Code => shiftLeft(op('i32x4.add', [n, i32x4(127)]), 23);

interface LogParts {
  /** x = 2^k (1 + f), sqrt(1/2) <= 1 + f < sqrt(2). */
  readonly k: Code;
  readonly f: Code;
  readonly log: Code;
}

/** log x of positive normal x, as fdlibm's logf. */
function logOf(fma: Fma, keep: (code: Code) => Code, x: Code): LogParts {
  const bits = keep(op('i32x4.add', [x, i32x4(0x3f800000 - 0x3f3504f3)]));
  const k = keep(op('f32x4.convert_i32x4_s', [op('i32x4.sub', [shiftRight(bits, 23), i32x4(127)])]));
  const f = keep(minus(op('i32x4.add', [bitsAnd(bits, 0x007fffff), i32x4(0x3f3504f3)]), splat(1)));
  const s = keep(over(f, plus(splat(2), f)));
  const z = keep(times(s, s));
  const w = keep(times(z, z));
  const even = times(z, fma(w, splat(0.28498786688), splat(0.66666662693)));
  const r = fma(w, fma(w, splat(0.24279078841), splat(0.40000972152)), even);
  const h = keep(times(splat(0.5), times(f, f)));
  const small = fma(k, splat(9.0580006145e-6), times(s, plus(h, r)));
  const log = fma(k, splat(6.9313812256e-1), plus(minus(small, h), f));
  return { k, f, log };
}

function logarithm(fma: Fma): WasmFunction {
  return define1('log', (keep, x) => {
    // Subnormal numbers are made normal by 2^23.
    const tiny = keep(op('f32x4.lt', [x, splat(LEAST_NORMAL)]));
    const normal = keep(either(tiny, times(x, splat(8388608)), x));
    const { log } = logOf(fma, keep, normal);
    const shifted = keep(minus(log, op('v128.and', [tiny, splat(23 * Math.LN2)])));
    const positive = either(op('f32x4.lt', [x, splat(Infinity)]), shifted, x);
    const atZero = either(op('f32x4.eq', [x, splat(0)]), splat(-Infinity), positive);
    return either(op('f32x4.lt', [x, splat(0)]), splat(NaN), atZero);
  });
}

/** Near 0 the polynomial of Cephes' tanhf, else 1 - 2 / (e^2x + 1). */
function tangent(fma: Fma, exp: WasmFunction): WasmFunction {
  return define1('tanh', (keep, x) => {
    const size = keep(op('f32x4.abs', [x]));
    const z = keep(times(x, x));
    const p = polynomial(fma, z, [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1]); // prettier-ignore
    const near = fma(times(p, z), x, x);
    const far = minus(splat(1), over(splat(2), plus(call(exp, [plus(size, size)]), splat(1))));
    const signed = op('v128.or', [far, bitsAnd(x, SIGN)]);
    return either(op('f32x4.lt', [size, splat(0.625)]), near, signed);
  });
}

/** Two minimax polynomials, split at 0.93; greatest error 8e-8. */
function errorFunction(fma: Fma, exp: WasmFunction): WasmFunction {
  return define1('erf', (keep, x) => {
    const t = keep(op('f32x4.pmin', [op('f32x4.abs', [x]), splat(4)]));
    const s = keep(times(t, t));
    const high = fma(splat(-1.7285347e-5), t, splat(3.83197126e-4));
    const q = fma(high, s, fma(splat(-3.88396438e-3), t, splat(2.42546219e-2)));
    const far = fma(fma(fma(fma(q, t, splat(-1.06777877e-1)), t, splat(-6.34846687e-1)), t, splat(-1.28717512e-1)), t, op('f32x4.neg', [t])); // prettier-ignore
    const signed = op('v128.or', [minus(splat(1), call(exp, [far])), bitsAnd(x, SIGN)]);
    const r = polynomial(fma, s, [-5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1]); // prettier-ignore
    return either(op('f32x4.gt', [t, splat(0.927734375)]), signed, fma(r, x, x));
  });
}

/** x = j pi/2 + r with |r| <= pi/4, pi/2 in three parts (Cody and Waite); the polynomials of Cephes' sinf and cosf. */
function circular(fma: Fma, which: 'sin' | 'cos'): WasmFunction {
  return define1(which, (keep, x) => {
    const turns = keep(op('f32x4.nearest', [times(x, splat(2 / Math.PI))]));
    const parts = [-1.5703125, -4.837512969970703125e-4, -7.54978995489188216e-8];
    const r = keep(parts.reduce((rest, part) => fma(turns, splat(part), rest), x));
    const z = keep(times(r, r));
    const sine = fma(times(polynomial(fma, z, [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1]), z), r, r);
    const high = polynomial(fma, z, [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2]);
    const cosine = fma(times(z, z), high, fma(splat(-0.5), z, splat(1)));
    const j = keep(op('i32x4.add', [op('i32x4.trunc_sat_f32x4_s', [turns]), i32x4(which === 'sin' ? 0 : 1)]));
    const even = op('i32x4.eq', [bitsAnd(j, 1), i32x4(0)]);
    return op('v128.xor', [either(even, sine, cosine), shiftLeft(bitsAnd(j, 2), 30)]);
  });
}

/** |x|^y = e^(y log |x|), with a logarithm exact near 1: beta^step must not drift. Signed for whole y. */
function power(fma: Fma, exp: WasmFunction): WasmFunction {
  return define('pow', ['v128', 'v128'], (keep, x = splat(0), y = splat(0)) => {
    const size = keep(op('f32x4.pmax', [op('f32x4.abs', [x]), splat(LEAST_NORMAL)]));
    const { log } = logOf(fma, keep, size);
    const zero = op('v128.and', [op('f32x4.eq', [x, splat(0)]), op('f32x4.gt', [y, splat(0)])]);
    const magnitude = keep(either(zero, splat(0), call(exp, [times(y, log)])));
    const odd = op('f32x4.eq', [minus(y, times(splat(2), op('f32x4.floor', [times(splat(0.5), y)]))), splat(1)]);
    const negative = op('v128.and', [op('f32x4.lt', [x, splat(0)]), odd]);
    return either(negative, op('f32x4.neg', [magnitude]), magnitude);
  });
}
