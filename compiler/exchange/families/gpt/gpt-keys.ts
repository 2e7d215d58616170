// Takes: nothing; the facts of a model. Gives: how GPT-2 and its kin spell the usual keys, and their keys of a model.
// Promises: files are read with either spelling and written with theirs.
import { activationName } from '../../activations.ts';
import type { Json } from '../../config.ts';
import type { ModelFacts } from '../../model-facts.ts';

export const gptSpellings = {
  n_embd: 'hidden_size',
  n_layer: 'num_hidden_layers',
  n_head: 'num_attention_heads',
  n_positions: 'max_position_embeddings',
} as const;

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
