// Takes: the logits of one position and how to choose. Gives: a token.
// Promises: deterministic in its random number; temperature 0 is greedy, ties go to the lower token.

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

/** Chooses from `logits` [vocab] with `random` uniform in [0, 1). */
export function sampleToken(logits: Float32Array, settings: SampleSettings, random: number): number {
  if (settings.temperature === 0) return argmax(logits);
  const kept = keep(candidates(logits, settings.temperature), settings);
  const total = kept.reduce((sum, { probability }) => sum + probability, 0);
  let left = random * total;
  for (const { token, probability } of kept) {
    left -= probability;
    if (left < 0) return token;
  }
  return kept.at(-1)?.token ?? 0;
}

export function argmax(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if ((logits[i] ?? 0) > (logits[best] ?? 0)) best = i;
  return best;
}

interface Candidate {
  readonly token: number;
  readonly probability: number;
}

/** softmax(logits / temperature), most likely first. */
function candidates(logits: Float32Array, temperature: number): Candidate[] {
  const top = logits[argmax(logits)] ?? 0;
  const weights = Array.from(logits, (logit) => Math.exp((logit - top) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights
    .map((weight, token) => ({ token, probability: weight / total }))
    .sort((a, b) => b.probability - a.probability || a.token - b.token);
}

function keep(sorted: readonly Candidate[], { topK, topP, minP }: SampleSettings): Candidate[] {
  let kept = topK === null ? [...sorted] : sorted.slice(0, topK);
  if (topP !== null) kept = nucleus(kept, topP);
  const least = (minP ?? 0) * (sorted[0]?.probability ?? 0);
  return kept.filter(({ probability }, i) => i === 0 || probability >= least);
}

function nucleus(sorted: readonly Candidate[], topP: number): Candidate[] {
  const total = sorted.reduce((sum, { probability }) => sum + probability, 0);
  let sum = 0;
  const end = sorted.findIndex(({ probability }) => (sum += probability) >= topP * total);
  return sorted.slice(0, end < 0 ? sorted.length : end + 1);
}
