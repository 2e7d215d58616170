// Takes: a generator on a model's weights, and a greedy continuation. Gives: whether the model chooses the same tokens.
// Promises: each choice is made after the tokens as they should be, so one slip counts once; prompts go through the prefill
// alone, then through the cache token by token.
import type { Generator } from '../../inference/generator.ts';
import { argmax, distance, largest } from '../numbers.ts';
import type { Reference } from './reference.ts';
import type { Agreement } from '../result.ts';

/** Below this gap between first and second choice a mismatch proves nothing. */
const nearTie = 1e-3;

export interface GreedyMeasurement {
  readonly prefill: Agreement;
  readonly decode: Agreement;
  /** The largest difference of a logit between both ways, relative to the largest logit. */
  readonly cacheError: number;
}

export async function measureGreedy(generator: Generator, reference: Reference): Promise<GreedyMeasurement> {
  const { greedyPrompt: prompt, greedy } = reference;
  const tokens = [...prompt, ...greedy.slice(0, -1)];
  const prefill: Float32Array[] = [];
  for (let length = prompt.length; length <= tokens.length; length++)
    prefill.push(await generator.prefill(tokens.slice(0, length)));
  const decode = [await generator.prefill(prompt)];
  for (const token of tokens.slice(prompt.length)) decode.push(await generator.decode(token));
  const differences = decode.map((logits, i) => distance(logits, prefill[i] ?? new Float32Array(logits.length)));
  return {
    prefill: agreement(prefill, reference),
    decode: agreement(decode, reference),
    cacheError: Math.max(...differences) / Math.max(...prefill.map(largest)),
  };
}

function agreement(logits: readonly Float32Array[], { greedy, greedyMinGap }: Reference): Agreement {
  if (logits.every((each, i) => argmax(each) === greedy[i])) return 'agrees';
  return greedyMinGap < nearTie ? 'tie' : 'differs';
}
