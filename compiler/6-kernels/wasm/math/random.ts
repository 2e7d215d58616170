// Takes: nothing. Gives: the counter-based generator of random numbers, as functions on i32 and on four lanes.
// Promises: the same bits as 3-graph/random.ts.
import { call, i32, i32x4, op } from '../code/code.ts';
import type { Code, WasmFunction } from '../code/code.ts';
import { define, define1, either, shiftLeft, shiftRight, splat, times } from './lane-math.ts';

/** PCG-RXS-M-XS as a hash: Jarzynski and Olano, Hash Functions for GPU Rendering, JCGT 9(3), 2020. */
const pcg: WasmFunction = define('pcg', ['i32'], (keep, x = i32(0)) => {
  const s = keep(op('i32.add', [op('i32.mul', [x, i32(747796405)]), i32(2891336453)]));
  const amount = op('i32.add', [op('i32.shr_u', [s, i32(28)]), i32(4)]);
  const w = keep(op('i32.mul', [op('i32.xor', [op('i32.shr_u', [s, amount]), s]), i32(277803737)]));
  return op('i32.xor', [op('i32.shr_u', [w, i32(22)]), w]);
});

/** Lanes are all shifted by one amount only: the amount, 4 + 0..15, bit by bit. */
const pcg4: WasmFunction = define1('pcg4', (keep, x) => {
  const s = keep(op('i32x4.add', [op('i32x4.mul', [x, i32x4(747796405)]), i32x4(2891336453)]));
  const shifted = [1, 2, 4, 8].reduce(
    (value: Code, step, bit) => {
      const before = keep(value);
      // The bit of the amount becomes the sign, and the sign a mask.
      const mask = op('i32x4.shr_s', [shiftLeft(s, 3 - bit), i32(31)]);
      return either(mask, shiftRight(before, step), before);
    },
    shiftRight(s, 4),
  );
  const w = keep(op('i32x4.mul', [op('v128.xor', [shifted, s]), i32x4(277803737)]));
  return op('v128.xor', [shiftRight(w, 22), w]);
});

export const streamKey: WasmFunction = define('stream_key', ['i32', 'i32'], (_, seed = i32(0), stream = i32(0)) =>
  call(pcg, [op('i32.xor', [stream, call(pcg, [seed])])]),
);

/** (key, four counters) -> four f32 in [0, 1). */
export const random: WasmFunction = define('random', ['i32', 'v128'], (_, key = i32(0), counters = splat(0)) => {
  const bits = call(pcg4, [op('v128.xor', [counters, op('i32x4.splat', [key])])]);
  return times(op('f32x4.convert_i32x4_u', [shiftRight(bits, 8)]), splat(2 ** -24));
});
