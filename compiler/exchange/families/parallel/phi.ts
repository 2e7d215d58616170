// Takes: configs of Phi-1, 1.5 and 2: attention and mlp side by side behind one norm, a bias on the logits.
// Gives: their statements; and the config of a model.
// Promises: half of each head turns unless they say otherwise.
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block } from '../../statements.ts';
import { ffnJson } from '../common/json.ts';
import { headKeys, modelSizes, tokens, uniformStack } from '../common/parts.ts';
import { layerNorm, plainFfn } from '../gpt/parts.ts';
import { wiring } from '../gpt/wirings.ts';
import { partialRopeJson } from './partial-rope.ts';
import { hasQkNorm, qkNorm } from './qk-norm.ts';

export const phi: Family = {
  modelType: 'phi',
  architecture: 'PhiForCausalLM',
  defaults: {
    vocab_size: 51200,
    max_position_embeddings: 2048,
    hidden_size: 2048,
    num_hidden_layers: 24,
    num_attention_heads: 32,
    num_key_value_heads: null,
    intermediate_size: 8192,
    hidden_act: 'gelu_new',
    layer_norm_eps: 1e-5,
    qk_layernorm: false,
    tie_word_embeddings: false,
  },
  dropped: [/\.rotary_emb\.inv_freq$/],
  read: (config) => [
    modelSizes(config),
    layerNorm(config, 'layer_norm_eps'),
    tokens(config),
    block('mixer attn = gqa', {
      ...headKeys(config),
      bias: 'all',
      qk_norm: qkNorm(config, { bias: true }),
      rope: ropeKeys(config, { partial: 0.5 }),
    }),
    plainFfn(config, { act: 'hidden_act', width: 'intermediate_size' }),
    wiring('parallel'),
    uniformStack(config),
    'head lm { norm = ln; bias = true }',
    'weights hf = std.hf.phi',
  ],
  write: (facts) => ({
    ...facts.sizes(),
    ...facts.heads(),
    ...ffnJson(facts),
    ...partialRopeJson(facts),
    layer_norm_eps: facts.eps,
    qk_layernorm: hasQkNorm(facts),
  }),
};
