// Takes: a config of Gemma 2 or 3. Gives: the scale of scores and the caps of scores and logits, and back.
// Promises: no cap where it is null.
import type { Config, Json } from '../../config.ts';
import type { ModelFacts } from '../../model-facts.ts';

export interface Caps {
  readonly scores: number | undefined;
  readonly logits: number | undefined;
}

export function caps(config: Config): Caps {
  const cap = (key: string): number | undefined => config.numberOrNull(key) ?? undefined;
  return { scores: cap('attn_logit_softcapping'), logits: cap('final_logit_softcapping') };
}

/** `query_pre_attn_scalar ^ -0.5`, as a person writes it. */
export function queryScale(config: Config): string {
  return `${config.number('query_pre_attn_scalar')} ^ -0.5`;
}

export function capsJson(facts: ModelFacts): Json {
  const scale = facts.attention('scale', (spec) => spec.scale);
  return {
    attn_logit_softcapping: facts.attention('softcap', ({ softcap }) => softcap),
    final_logit_softcapping: facts.model.head.softcap,
    query_pre_attn_scalar: Math.round(scale ** -2 * 1e6) / 1e6,
  };
}
