// Takes: scores against their maximum or their logsumexp. Gives: code of e^x of four of them, to stand inside a loop.
// Promises: within an ulp or two for -87 <= x <= 88, e^-87 below, what is no number stays none; beyond 88 it is of no account: no weight is
// greater than 1.
import { f32x4, i32, op } from '../code/code.ts';
import type { Code } from '../code/code.ts';
import type { WasmMath } from '../math/math.ts';

/** 1.5 * 2^23 + 127: added to a number, the last bits of the sum are the nearest integer + 127, the exponent of its power of two. */
const TO_EXPONENT = 12583039;

/** e^r for |r| <= log(2) / 2, the highest power first: Cephes' expf. */
const COEFFICIENTS = [1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1, 1, 1]; // prettier-ignore

/**
 * e^x = 2^n e^r. `math.exp` takes 27 instructions and a call, as it has to be right for all x; these are 14, and what they take
 * from memory is taken once before the loop. `let`: puts a value into a local.
 */
export function weightExp({ fma }: WasmMath, x: Code, keep: (code: Code) => Code): Code {
  const cut = keep(op('f32x4.pmax', [x, f32x4(-87)]));
  const shifted = keep(fma(cut, f32x4(Math.LOG2E), f32x4(TO_EXPONENT)));
  const n = keep(op('f32x4.sub', [shifted, f32x4(TO_EXPONENT)]));
  const r = keep(fma(n, f32x4(2.1219444e-4), fma(n, f32x4(-0.693359375), cut)));
  const [first = 0, ...rest] = COEFFICIENTS;
  const y = rest.reduce<Code>((sum, c) => fma(sum, r, f32x4(c)), f32x4(first));
  return op('f32x4.mul', [y, op('i32x4.shl', [shifted, i32(23)])]);
}
