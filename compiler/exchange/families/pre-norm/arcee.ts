// Takes: a config of Arcee: Llama with an mlp of squared ReLU in place of the gated one.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Family } from '../../family.ts';
import { activation } from '../../activations.ts';
import { ropeKeys } from '../../rope.ts';
import { block } from '../../statements.ts';
import { attentionBiased, ffnBiased, usualJson } from '../common/json.ts';
import { attentionBias, ffnBias, headKeys, modelSizes, preNorm, rmsNorm, tokens, uniformStack } from '../common/parts.ts'; // prettier-ignore

export const arcee: Family = {
  modelType: 'arcee',
  architecture: 'ArceeForCausalLM',
  defaults: {
    vocab_size: 32000,
    hidden_size: 2560,
    intermediate_size: 18432,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: null,
    hidden_act: 'relu2',
    max_position_embeddings: 4096,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: false,
    attention_bias: false,
    mlp_bias: false,
    head_dim: null,
  },
  read: (config) => [
    modelSizes(config),
    rmsNorm(config),
    tokens(config),
    block('mixer attn = gqa', { ...headKeys(config), bias: attentionBias(config), rope: ropeKeys(config) }),
    block('ffn mlp = mlp', {
      act: activation(config, 'hidden_act'),
      width: config.count('intermediate_size'),
      ...ffnBias(config),
    }),
    preNorm('main', 'attn'),
    uniformStack(config),
    'head lm { norm = rms }',
    'weights hf = std.hf.llama',
  ],
  write: (facts) => ({
    ...usualJson(facts),
    ...facts.ropeJson(),
    attention_bias: attentionBiased(facts),
    mlp_bias: ffnBiased(facts),
  }),
};
