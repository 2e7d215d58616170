// Takes: nothing. Gives: the random numbers of 3-graph/random.ts: the key of a stream, and four numbers at once.
// Promises: the same bits as there.
import { call, f32x4, get, i32, i32x4, local, op, set } from '../code/code.ts';
import type { Code, WasmFunction } from '../code/code.ts';
import { choose, lanesFunction, plusBits, shiftLeft, shiftRight, times, xor } from './lanes.ts';
import type { Keep } from './lanes.ts';

const [MULTIPLIER, INCREMENT, MIXER] = [747796405, 2891336453, 277803737];

/** s = x * multiplier + increment; w = ((s >> ((s >> 28) + 4)) ^ s) * mixer; (w >> 22) ^ w. */
const pcg: WasmFunction = (() => {
  const [x, s, w] = [local('x', 'i32'), local('s', 'i32'), local('w', 'i32')];
  const state = op('i32.add', [op('i32.mul', [get(x), i32(MULTIPLIER)]), i32(INCREMENT)]);
  const bits = op('i32.add', [op('i32.shr_u', [get(s), i32(28)]), i32(4)]);
  const mixed = op('i32.mul', [op('i32.xor', [op('i32.shr_u', [get(s), bits]), get(s)]), i32(MIXER)]);
  const result = op('i32.xor', [op('i32.shr_u', [get(w), i32(22)]), get(w)]);
  return { name: 'pcg', params: [x], body: [set(s, state), set(w, mixed)], result };
})();

export const streamKey: WasmFunction = (() => {
  const [seed, stream] = [local('seed', 'i32'), local('stream', 'i32')];
  const result = call(pcg, [op('i32.xor', [get(stream), call(pcg, [get(seed)])])]);
  return { name: 'stream_key', params: [seed, stream], body: [], result };
})();

/** The same of four lanes. SIMD shifts all lanes alike: by 4, then by 1, 2, 4 and 8 where bits 28 to 31 of s say so. */
function pcgLanes(keep: Keep, x: Code): Code {
  const s = keep('s', plusBits(op('i32x4.mul', [x, i32x4(MULTIPLIER)]), INCREMENT));
  const shifted = [0, 1, 2, 3].reduce(
    (value, bit) => {
      const mask = op('i32x4.shr_s', [shiftLeft(s, 3 - bit), i32(31)]);
      return choose(mask, shiftRight(value, 2 ** bit), keep('shifted', value));
    },
    shiftRight(s, 4),
  );
  const w = keep('w', op('i32x4.mul', [xor(shifted, s), i32x4(MIXER)]));
  return xor(shiftRight(w, 22), w);
}

/** Uniform in [0, 1), multiples of 2^-24. */
export const random: WasmFunction = (() => {
  const key = local('key', 'i32');
  const { params, ...rest } = lanesFunction('random', ['counter'], (keep, counter) => {
    const hash = pcgLanes(keep, xor(counter, op('i32x4.splat', [get(key)])));
    return times(op('f32x4.convert_i32x4_s', [shiftRight(hash, 8)]), f32x4(2 ** -24));
  });
  return { ...rest, params: [key, ...params] };
})();
