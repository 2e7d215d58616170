// Takes: a config of GLM-4 9B: Llama with RoPE on neighbours of half of each head, biases of queries, keys and values, a joined gate and up.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block } from '../../statements.ts';
import { attentionBiased, usualJson } from '../common/json.ts';
import { attentionBias, gatedFfn, headKeys, modelSizes, preNorm, rmsNorm, tokens, uniformStack } from '../common/parts.ts'; // prettier-ignore
import { partialRopeJson } from '../parallel/partial-rope.ts';

export const glm: Family = {
  modelType: 'glm',
  architecture: 'GlmForCausalLM',
  defaults: {
    vocab_size: 151552,
    hidden_size: 4096,
    intermediate_size: 13696,
    num_hidden_layers: 40,
    num_attention_heads: 32,
    num_key_value_heads: 2,
    head_dim: 128,
    hidden_act: 'silu',
    max_position_embeddings: 131072,
    rms_norm_eps: 0.00000015625,
    tie_word_embeddings: false,
    attention_bias: true,
  },
  read: (config) => [
    modelSizes(config),
    rmsNorm(config),
    tokens(config),
    block('mixer attn = gqa', {
      ...headKeys(config),
      bias: attentionBias(config, '[q, k, v]'),
      rope: ropeKeys(config, { partial: 0.5, pairing: 'interleaved' }),
    }),
    gatedFfn(config),
    preNorm('main', 'attn'),
    uniformStack(config),
    'head lm { norm = rms }',
    'weights hf = std.hf.glm',
  ],
  write: (facts) => ({ ...usualJson(facts), ...partialRopeJson(facts), attention_bias: attentionBiased(facts) }),
};
