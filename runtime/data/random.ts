// Takes: a seed and counters. Gives: pseudo-random numbers for initial weights, batches and sampling.
// Promises: counter-based, so that a resumed run draws what an uninterrupted one draws; no hidden state.

/** One round of PCG's output permutation over 32 bits. */
export function hash32(x: number): number {
  const state = (Math.imul(x, 747796405) + 2891336453) >>> 0;
  const word = Math.imul(((state >>> ((state >>> 28) + 4)) ^ state) >>> 0, 277803737) >>> 0;
  return ((word >>> 22) ^ word) >>> 0;
}

/** A 32-bit hash of several numbers; order matters. */
export function hashOf(...parts: readonly number[]): number {
  let value = 0;
  for (const part of parts) value = hash32((value ^ hash32(part >>> 0)) >>> 0);
  return value;
}

/** A 32-bit hash of a text (FNV-1a). */
export function hashText(text: string): number {
  let value = 2166136261;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 16777619);
  return value >>> 0;
}

/** Uniform in [0, 1) with 53 random bits. */
export function uniform(stream: number, counter: number): number {
  const high = hash32((hash32(counter >>> 0) ^ stream) >>> 0);
  const low = hash32((high ^ hash32((counter + 0x9e3779b9) >>> 0)) >>> 0);
  return ((high >>> 5) * 67108864 + (low >>> 6)) / 9007199254740992;
}

/** Standard normal number `counter` of `stream`, by the Box-Muller transform. */
export function normal(stream: number, counter: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(stream, 2 * counter)));
  return radius * Math.cos(2 * Math.PI * uniform(stream, 2 * counter + 1));
}
