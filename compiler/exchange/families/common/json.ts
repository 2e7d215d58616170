// Takes: the facts of a model. Gives: the keys of config.json that most families write alike.
// Promises: keys of Llama's config; a fact that differs between layers is a ConfigError.
import { activationName } from '../../activations.ts';
import type { Json } from '../../config.ts';
import type { ModelFacts } from '../../model-facts.ts';

/** Sizes, heads, eps of the norms, activation and width of the ffn. */
export function usualJson(facts: ModelFacts): Json {
  return { ...facts.sizes(), ...facts.heads(), rms_norm_eps: facts.eps, ...ffnJson(facts) };
}

/** hidden_act, intermediate_size */
export function ffnJson(facts: ModelFacts): Json {
  return { hidden_act: activationName(facts.ffn('act', ({ act }) => act)), intermediate_size: facts.width };
}

/** Of queries, which stand for keys and values too. */
export function attentionBiased(facts: ModelFacts): boolean {
  return facts.attention('bias', ({ q }) => q.bias);
}

export function ffnBiased(facts: ModelFacts): boolean {
  return facts.ffn('bias', ({ up }) => up.bias);
}
