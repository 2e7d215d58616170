// Takes: a seed and counters. Gives: pseudo-random numbers for initial weights, batches and sampling.
// Promises: counter-based, so that a resumed run draws what an uninterrupted one draws; no hidden state.

import { pcg } from '../../compiler/3-graph/random.ts';

/** A 32-bit hash of several numbers; order matters. */
export function hashOf(...parts: readonly number[]): number {
  let value = 0;
  for (const part of parts) value = pcg((value ^ pcg(part >>> 0)) >>> 0);
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
  const high = pcg((pcg(counter >>> 0) ^ stream) >>> 0);
  const low = pcg((high ^ pcg((counter + 0x9e3779b9) >>> 0)) >>> 0);
  return ((high >>> 5) * 67108864 + (low >>> 6)) / 9007199254740992;
}

/** Standard normal number `counter` of `stream`, by the Box-Muller transform. */
export function normal(stream: number, counter: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(stream, 2 * counter)));
  return radius * Math.cos(2 * Math.PI * uniform(stream, 2 * counter + 1));
}
