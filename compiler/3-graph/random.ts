// Takes: a seed, a stream and a counter (u32). Gives: a uniform number in [0, 1).
// Promises: the same bits here and in kernels, from 32-bit unsigned arithmetic alone:
//   pcg(x): s = x * 747796405 + 2891336453;  w = ((s >> ((s >> 28) + 4)) ^ s) * 277803737;  (w >> 22) ^ w
//   value = (pcg(counter ^ pcg(stream ^ pcg(seed))) >> 8) * 2^-24, which f32 holds exactly.
// The hash is RXS-M-XS of PCG; Jarzynski and Olano, Hash Functions for GPU Rendering, JCGT 9(3), 2020.

/** One round of the hash; all operations modulo 2^32, shifts fill with zeros. */
export function pcg(x: number): number {
  const s = (Math.imul(x, 747796405) + 2891336453) >>> 0;
  const w = Math.imul((s >>> ((s >>> 28) + 4)) ^ s, 277803737) >>> 0;
  return ((w >>> 22) ^ w) >>> 0;
}

/** Part of the hash that is the same for all elements of one tensor. */
export const streamKey = (seed: number, stream: number): number => pcg((stream ^ pcg(seed >>> 0)) >>> 0);

/** Uniform in [0, 1), a multiple of 2^-24. */
export const uniformOf = (key: number, counter: number): number => (pcg((counter ^ key) >>> 0) >>> 8) * 2 ** -24;

export const uniform = (seed: number, stream: number, counter: number): number =>
  uniformOf(streamKey(seed, stream), counter);
