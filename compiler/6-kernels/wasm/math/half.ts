// Takes: nothing. Gives: f16 to f32 and back, on four lanes.
// Promises: exact one way, to nearest even the other; infinities and what is no number stay what they are.
import { i32x4, op } from '../code/code.ts';
import type { WasmFunction } from '../code/code.ts';
import { bitsAnd, define1, either, plus, shiftLeft, shiftRight, splat, times } from './lane-math.ts';

/** Four u16 in i32 lanes -> four f32. */
export const halfToFloat: WasmFunction = define1('half_to_float', (keep, half) => {
  const bits = keep(shiftLeft(bitsAnd(half, 0x7fff), 13));
  const finite = times(bits, splat(2 ** 112));
  const special = op('i32x4.ge_u', [bits, i32x4(0x1f << 23)]);
  const magnitude = either(special, op('v128.or', [bits, i32x4(0x7f800000)]), finite);
  return op('v128.or', [magnitude, shiftLeft(bitsAnd(half, 0x8000), 16)]);
});

/** Four f32 -> four u16 in i32 lanes: F. Giesen, float_to_half_fast3_rtne, public domain. */
export const floatToHalf: WasmFunction = define1('float_to_half', (keep, x) => {
  const magic = ((127 - 15 + (23 - 10) + 1) << 23) >>> 0;
  const bits = keep(bitsAnd(x, 0x7fffffff));
  const special = either(op('i32x4.gt_u', [bits, i32x4(0x7f800000)]), i32x4(0x7e00), i32x4(0x7c00));
  const subnormal = op('i32x4.sub', [plus(bits, i32x4(magic)), i32x4(magic)]);
  const odd = bitsAnd(shiftRight(bits, 13), 1);
  const normal = shiftRight(op('i32x4.add', [op('i32x4.add', [bits, i32x4(((15 - 127) << 23) + 0xfff)]), odd]), 13);
  const small = op('i32x4.lt_u', [bits, i32x4(113 << 23)]);
  const finite = either(small, subnormal, normal);
  const large = op('i32x4.ge_u', [bits, i32x4((127 + 16) << 23)]);
  return op('v128.or', [either(large, special, finite), bitsAnd(shiftRight(x, 16), 0x8000)]);
});
