// Takes: nothing. Gives: f16 to f32 and back, four at once; an f16 is the low 16 bits of an i32 lane.
// Promises: exact; to f16 the nearest, ties to even; infinities, NaN and subnormal numbers kept. No arithmetic on subnormal f32, which is slow.
// After Giesen, half_to_float_fast4 and float_to_half_fast3_rtne (gist.github.com/rygorous/2156668).
import { f32x4, i32x4, op } from '../code/code.ts';
import type { WasmFunction } from '../code/code.ts';
import { and, choose, lanesFunction, minus, or, plus, plusBits, shiftLeft, shiftRight, signBits, xor } from './lanes.ts'; // prettier-ignore

/** The bits of 2^e as f32. */
const power = (e: number): number => (127 + e) << 23;

export const halfToFloat: WasmFunction = lanesFunction('half_to_float', ['h'], (keep, h) => {
  const size = keep('size', and(h, i32x4(0x7fff)));
  const subnormal = keep('subnormal', op('i32x4.lt_s', [size, i32x4(0x400)]));
  const wide = plusBits(shiftLeft(size, 13), power(-15));
  // A subnormal one is read as 2^-14 (1 + m), and 2^-14 taken off.
  const raised = op('i32x4.add', [wide, and(subnormal, i32x4(1 << 23))]);
  const value = minus(raised, and(subnormal, f32x4(2 ** -14)));
  const beyond = and(op('i32x4.gt_s', [size, i32x4(0x7bff)]), i32x4(0x7f800000));
  return or(or(value, beyond), shiftLeft(and(h, i32x4(0x8000)), 16));
});

export const floatToHalf: WasmFunction = lanesFunction('float_to_half', ['x'], (keep, x) => {
  const sign = keep('sign', signBits(x));
  const size = keep('size', xor(x, sign));
  // 2^16 and all beyond become infinity, of which NaN differs by one bit.
  const bounded = keep('bounded', op('i32x4.min_s', [size, i32x4(power(16))]));
  const odd = and(shiftRight(bounded, 13), i32x4(1));
  const normal = shiftRight(op('i32x4.add', [plusBits(bounded, 0xfff - power(-15)), odd]), 13);
  // Adding 1/2 rounds to a multiple of 2^-24, counted in the low bits.
  const subnormal = plusBits(plus(size, f32x4(0.5)), -power(-1));
  const half = choose(op('i32x4.lt_s', [size, i32x4(power(-14))]), subnormal, normal);
  const noNumber = and(op('i32x4.gt_s', [size, i32x4(0x7f800000)]), i32x4(0x200));
  return or(or(half, noNumber), shiftRight(sign, 16));
});
