// Takes: a config of DiffLlama: Llama with differences of pairs of heads.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block } from '../../statements.ts';
import { attentionBiased, usualJson } from '../common/json.ts';
import { attentionBias, gatedFfn, headKeys, modelSizes, preNorm, rmsNorm, tokens, uniformStack } from '../common/parts.ts'; // prettier-ignore

export const diffllama: Family = {
  modelType: 'diffllama',
  architecture: 'DiffLlamaForCausalLM',
  defaults: {
    vocab_size: 32000,
    hidden_size: 2048,
    intermediate_size: 8192,
    num_hidden_layers: 16,
    num_attention_heads: 32,
    num_key_value_heads: null,
    hidden_act: 'silu',
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: false,
    attention_bias: false,
    lambda_std_dev: 0.1,
    head_dim: null,
  },
  read: (config) => [
    modelSizes(config),
    rmsNorm(config),
    tokens(config),
    block('mixer attn = gqa', {
      ...headKeys(config),
      bias: attentionBias(config),
      rope: ropeKeys(config),
      diff: { '=': 'lambda', std: config.number('lambda_std_dev'), eps: config.number('rms_norm_eps') },
    }),
    gatedFfn(config),
    preNorm('main', 'attn'),
    uniformStack(config),
    'head lm { norm = rms }',
    'weights hf = std.hf.diffllama',
  ],
  write: (facts) => ({ ...usualJson(facts), ...facts.ropeJson(), attention_bias: attentionBiased(facts) }),
};
