// Takes: configs of Persimmon: squared ReLU, queries and keys normed. Gives: their statements; and the config of a model.
// Promises: the three of each head lie in turn in one matrix.
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block } from '../../statements.ts';
import { ffnJson } from '../common/json.ts';
import { modelSizes, tokens, uniformStack } from '../common/parts.ts';
import { layerNorm, plainFfn } from '../gpt/parts.ts';
import { wiring } from '../gpt/wirings.ts';
import { partialRopeJson } from './partial-rope.ts';
import { hasQkNorm, qkNorm } from './qk-norm.ts';

export const persimmon: Family = {
  modelType: 'persimmon',
  architecture: 'PersimmonForCausalLM',
  defaults: {
    vocab_size: 262144,
    max_position_embeddings: 16384,
    hidden_size: 4096,
    num_hidden_layers: 36,
    num_attention_heads: 64,
    intermediate_size: 16384,
    hidden_act: 'relu2',
    layer_norm_eps: 1e-5,
    qk_layernorm: true,
    tie_word_embeddings: false,
  },
  harmless: ['num_key_value_heads'], // all heads have their own keys
  dropped: [/\.rotary_emb\.inv_freq$/],
  read: (config) => [
    modelSizes(config),
    layerNorm(config, 'layer_norm_eps'),
    tokens(config),
    block('mixer attn = gqa', {
      heads: config.count('num_attention_heads'),
      bias: 'all',
      qk_norm: qkNorm(config, { bias: true }),
      rope: ropeKeys(config, { partial: 0.5 }),
    }),
    plainFfn(config, { act: 'hidden_act', width: 'intermediate_size' }),
    wiring('serial'),
    uniformStack(config),
    'head lm { norm = ln }',
    'weights hf = std.hf.persimmon',
  ],
  write: (facts) => ({
    ...facts.sizes(),
    ...ffnJson(facts),
    ...partialRopeJson(facts),
    num_attention_heads: facts.attention('heads', ({ heads }) => heads),
    layer_norm_eps: facts.eps,
    qk_layernorm: hasQkNorm(facts),
  }),
};
