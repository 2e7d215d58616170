// Takes: a config. Gives: a layer norm of queries and keys where it has one.
// Promises: what is at the language's default is left out.
import type { Config } from '../../config.ts';
import type { ModelFacts } from '../../model-facts.ts';
import { unless, type Keys } from '../../statements.ts';

/** `qk_layernorm`, with the eps of the other norms. */
export function qkNorm(config: Config, keys: Keys): Keys | undefined {
  return config.flag('qk_layernorm')
    ? { '=': 'layer', eps: unless(config.number('layer_norm_eps'), 1e-5), ...keys }
    : undefined;
}

export function hasQkNorm(facts: ModelFacts): boolean {
  return facts.attention('qk_norm', ({ qkNorm: norm }) => norm !== null);
}
