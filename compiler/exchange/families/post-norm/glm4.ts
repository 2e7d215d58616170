// Takes: a config of GLM-4 0414: GLM with a norm behind each branch too.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block } from '../../statements.ts';
import { attentionBiased, usualJson } from '../common/json.ts';
import { attentionBias, gatedFfn, headKeys, modelSizes, rmsNorm, tokens, uniformStack } from '../common/parts.ts';
import { partialRopeJson } from '../parallel/partial-rope.ts';
import { sandwich } from './wirings.ts';

export const glm4: Family = {
  modelType: 'glm4',
  architecture: 'Glm4ForCausalLM',
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
    rms_norm_eps: 1.5625e-7,
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
    sandwich('main', 'attn'),
    uniformStack(config),
    'head lm { norm = rms }',
    'weights hf = std.hf.glm4',
  ],
  write: (facts) => ({ ...usualJson(facts), ...partialRopeJson(facts), attention_bias: attentionBiased(facts) }),
};
