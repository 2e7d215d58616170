// Takes: a model. Gives: its rope for configs of families where part of each head turns unless they say otherwise.
// Promises: the share is said, 1 too, in the places where any version of transformers looks.
import type { Json } from '../../config.ts';
import type { ModelFacts } from '../../model-facts.ts';

/** The share of head_dim that turns. */
export function rotatingShare(facts: ModelFacts): number {
  return facts.rope().dim / facts.attention('head_dim', ({ headDim }) => headDim);
}

/** rope_parameters, rope_theta, rope_scaling, partial_rotary_factor */
export function partialRopeJson(facts: ModelFacts): Json {
  return { ...facts.ropeJson(), partial_rotary_factor: rotatingShare(facts) };
}
