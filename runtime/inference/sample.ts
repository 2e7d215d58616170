// Takes: the logits of one position and how to choose. Gives: a token.
// Promises: deterministic in its random number; temperature 0 is greedy, ties go to the lower token.

import { CHOICE_STREAM, LEAST_UNIFORM } from '../../compiler/3-graph/model/choose-token.ts';
import { streamKey, uniformOf } from '../../compiler/3-graph/random.ts';

export interface SampleSettings {
  /** 0: greedy. */
  readonly temperature: number;
  /** Keep the k most likely tokens. */
  readonly topK: number | null;
  /** Keep the fewest most likely tokens whose probabilities reach p (nucleus sampling, arXiv 1904.09751). */
  readonly topP: number | null;
  /** Keep tokens at least p times as likely as the most likely one (arXiv 2407.01082). */
  readonly minP: number | null;
}

/** Whether any token may be chosen. */
export const isUnlimited = ({ topK, topP, minP }: SampleSettings): boolean =>
  topK === null && topP === null && minP === null;

/** As the device chooses, `3-graph/model/choose-token.ts`, among all tokens: `seed` is u32. */
export function drawToken(logits: Float32Array, temperature: number, seed: number): number {
  if (temperature === 0) return argmax(logits);
  const key = streamKey(seed, CHOICE_STREAM);
  const gumbel = (i: number): number => -Math.log(-Math.log(Math.max(uniformOf(key, i), LEAST_UNIFORM)));
  return argmax(logits.map((logit, i) => logit + temperature * gumbel(i)));
}

/** Chooses from `logits` [vocab] with `random` uniform in [0, 1). */
export function sampleToken(logits: Float32Array, settings: SampleSettings, random: number): number {
  const most = argmax(logits);
  if (settings.temperature === 0) return most;
  const top = logits[most] ?? 0;
  // softmax(logits / temperature), but for the sum: 1 for the most likely token
  const weight = (logit: number): number => Math.exp((logit - top) / settings.temperature);
  const kept = keep(logits, settings, weight).map((token) => ({ token, weight: weight(logits[token] ?? 0) }));
  let left = random * kept.reduce((sum, each) => sum + each.weight, 0);
  for (const each of kept) {
    left -= each.weight;
    if (left < 0) return each.token;
  }
  return kept.at(-1)?.token ?? most;
}

export function argmax(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if ((logits[i] ?? 0) > (logits[best] ?? 0)) best = i;
  return best;
}

type Weight = (logit: number) => number;

/** The tokens to choose among, most likely first where their number is limited. */
function keep(logits: Float32Array, { topK, topP, minP }: SampleSettings, weight: Weight): number[] {
  const isLikely = (token: number): boolean => weight(logits[token] ?? 0) >= (minP ?? 0);
  const all = Array.from(logits.keys());
  if (topK === null && topP === null) return all.filter(isLikely);
  // Numbers sort fast; of a hundred thousand tokens only the few that are kept need an order of their own.
  const sorted = logits
    .toSorted()
    .reverse()
    .subarray(0, topK ?? logits.length);
  const count = topP === null ? sorted.length : reaching(sorted, topP, weight);
  const least = sorted[count - 1] ?? 0;
  const kept = all.filter((token) => (logits[token] ?? 0) >= least);
  return kept.sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b).slice(0, count).filter(isLikely); // prettier-ignore
}

/** How many of `sorted` have `share` of all their weight. */
function reaching(sorted: Float32Array, share: number, weight: Weight): number {
  const weights = Array.from(sorted, weight);
  const total = weights.reduce((sum, each) => sum + each, 0);
  let sum = 0;
  const last = weights.findIndex((each) => (sum += each) >= share * total);
  return last < 0 ? weights.length : last + 1;
}
