// Takes: a config. Gives: numbers that files of one family spell in several ways.
// Promises: spellings that stand beside each other must agree.
import { activationName } from '../../activations.ts';
import type { Config, Json } from '../../config.ts';
import type { ModelFacts } from '../../model-facts.ts';

/** By the first of the spellings that is there. @throws ConfigError when another of them says something else */
export function countOf(config: Config, spellings: readonly string[], fallback?: number): number {
  const [key = spellings[0] ?? '', ...others] = spellings.filter((each) => config.has(each));
  const value = config.count(key, fallback);
  for (const other of others) config.only(other, value);
  return value;
}

export interface GptSizes {
  readonly vocab: number;
  readonly context: number;
  readonly dModel: number;
  readonly layers: number;
  readonly heads: number;
}

/** vocab_size, n_positions, n_embd, n_layer, n_head, or the names that other families have for them. */
export function gptSizes(config: Config, defaults: GptSizes): GptSizes {
  return {
    vocab: config.count('vocab_size', defaults.vocab),
    context: countOf(config, ['n_positions', 'max_position_embeddings'], defaults.context),
    dModel: countOf(config, ['n_embd', 'hidden_size'], defaults.dModel),
    layers: countOf(config, ['n_layer', 'num_hidden_layers'], defaults.layers),
    heads: countOf(config, ['n_head', 'num_attention_heads'], defaults.heads),
  };
}

/** The same, and n_inner, activation_function, layer_norm_epsilon, tie_word_embeddings. */
export function gptJson(facts: ModelFacts): Json {
  const { vocab, context, dModel, nLayers, embed } = facts.model;
  return {
    vocab_size: vocab,
    n_positions: context,
    n_embd: dModel,
    n_layer: nLayers,
    n_head: facts.attention('heads', ({ heads }) => heads),
    n_inner: facts.width,
    activation_function: activationName(facts.ffn('act', ({ act }) => act)),
    layer_norm_epsilon: facts.eps,
    tie_word_embeddings: embed.tied,
  };
}
