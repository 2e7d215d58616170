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
  const isLikely = (logit: number): boolean => weight(logit) >= (minP ?? 0);
  if (topK === null && topP === null) return tokensOf(logits, isLikely);
  // Numbers sort fast; of a hundred thousand tokens only the few that are kept need an order of their own.
  const sorted = topK === null ? likeliest(logits, topP ?? 1, weight) : largest(logits, topK);
  const count = topP === null || topK === null ? sorted.length : reaching(sorted, topP, weight, sum(sorted, weight));
  const least = sorted[count - 1] ?? 0;
  const kept = tokensOf(logits, (logit) => logit >= least);
  kept.sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b);
  return kept.slice(0, count).filter((token) => isLikely(logits[token] ?? 0));
}

function tokensOf(logits: Float32Array, isKept: (logit: number) => boolean): number[] {
  const tokens: number[] = [];
  for (let i = 0; i < logits.length; i++) if (isKept(logits[i] ?? 0)) tokens.push(i);
  return tokens;
}

/** The `count` largest, the largest first. */
function largest(logits: Float32Array, count: number): Float32Array {
  const size = Math.min(count, logits.length);
  if (size > logits.length / 16) return logits.toSorted().reverse().subarray(0, size);
  const found = new Float32Array(size).fill(-Infinity);
  for (const logit of logits) {
    let at = size - 1;
    if (logit <= (found[at] ?? 0)) continue;
    for (; at > 0 && (found[at - 1] ?? 0) < logit; at--) found[at] = found[at - 1] ?? 0;
    found[at] = logit;
  }
  return found;
}

/** So little a token this many temperatures below the likeliest weighs that few texts need it. */
const FAR = 10;

/** The fewest of the largest that have `share` of all the weight. */
function likeliest(logits: Float32Array, share: number, weight: Weight): Float32Array {
  const all = sum(logits, weight);
  const least = Math.exp(-FAR);
  const near = logits.filter((logit) => weight(logit) >= least).sort().reverse(); // prettier-ignore
  const enough = sum(near, weight) >= share * all * (1 + Number.EPSILON * logits.length);
  const sorted = enough ? near : logits.toSorted().reverse();
  return sorted.subarray(0, reaching(sorted, share, weight, all));
}

function sum(logits: Float32Array, weight: Weight): number {
  let total = 0;
  for (const logit of logits) total += weight(logit);
  return total;
}

/** How many of `sorted` have `share` of the weight `all`. */
function reaching(sorted: Float32Array, share: number, weight: Weight, all: number): number {
  let total = 0;
  const last = sorted.findIndex((logit) => (total += weight(logit)) >= share * all);
  return last < 0 ? sorted.length : last + 1;
}
