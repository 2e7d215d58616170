// Takes: a config of Nemotron 3 and 4: layer norms with 1 + weight, RoPE on half of each head, an mlp of squared ReLU.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Family } from '../../family.ts';
import { activation } from '../../activations.ts';
import { ropeKeys } from '../../rope.ts';
import { block } from '../../statements.ts';
import { attentionBiased, ffnBiased, ffnJson } from '../common/json.ts';
import { attentionBias, ffnBias, headKeys, modelSizes, preNorm, tokens, uniformStack } from '../common/parts.ts';
import { partialRopeJson } from '../parallel/partial-rope.ts';

export const nemotron: Family = {
  modelType: 'nemotron',
  architecture: 'NemotronForCausalLM',
  defaults: {
    vocab_size: 256000,
    hidden_size: 6144,
    intermediate_size: 24576,
    num_hidden_layers: 32,
    num_attention_heads: 48,
    head_dim: null,
    num_key_value_heads: null,
    hidden_act: 'relu2',
    max_position_embeddings: 4096,
    norm_eps: 1e-5,
    tie_word_embeddings: false,
    attention_bias: false,
    mlp_bias: false,
  },
  read: (config) => [
    modelSizes(config),
    block('norm ln = layer', { eps: config.number('norm_eps'), gain: '1 + weight' }),
    tokens(config),
    block('mixer attn = gqa', {
      ...headKeys(config),
      bias: attentionBias(config),
      rope: ropeKeys(config, { partial: 0.5 }),
    }),
    block('ffn mlp = mlp', {
      act: activation(config, 'hidden_act'),
      width: config.count('intermediate_size'),
      ...ffnBias(config),
    }),
    preNorm('main', 'attn', 'ln'),
    uniformStack(config),
    'head lm { norm = ln }',
    'weights hf = std.hf.llama',
  ],
  write: (facts) => ({
    ...facts.sizes(),
    ...facts.heads(),
    ...ffnJson(facts),
    ...partialRopeJson(facts),
    norm_eps: facts.eps,
    attention_bias: attentionBiased(facts),
    mlp_bias: ffnBiased(facts),
  }),
};
