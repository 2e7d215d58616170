// Takes: a config of Seed-OSS: Llama with biases of queries, keys and values, and one of its own for the output.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Config } from '../../config.ts';
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block } from '../../statements.ts';
import { attentionBiased, ffnBiased, usualJson } from '../common/json.ts';
import { ffnBias, gatedFfn, headKeys, modelSizes, preNorm, rmsNorm, tokens, uniformStack } from '../common/parts.ts';

export const seedOss: Family = {
  modelType: 'seed_oss',
  architecture: 'SeedOssForCausalLM',
  defaults: {
    vocab_size: 155136,
    hidden_size: 4096,
    intermediate_size: 27648,
    num_hidden_layers: 64,
    num_attention_heads: 80,
    num_key_value_heads: 8,
    hidden_act: 'silu',
    max_position_embeddings: 524288,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: false,
    attention_bias: true,
    attention_out_bias: false,
    mlp_bias: false,
    head_dim: 128,
  },
  harmless: ['pretraining_tp', 'residual_dropout'],
  read: (config) => [
    modelSizes(config),
    rmsNorm(config),
    tokens(config),
    block('mixer attn = gqa', { ...headKeys(config), bias: biases(config), rope: ropeKeys(config) }),
    gatedFfn(config, ffnBias(config)),
    preNorm('main', 'attn'),
    uniformStack(config),
    'head lm { norm = rms }',
    'weights hf = std.hf.llama',
  ],
  write: (facts) => ({
    ...usualJson(facts),
    ...facts.ropeJson(),
    attention_bias: attentionBiased(facts),
    attention_out_bias: facts.attention('bias', ({ o }) => o.bias),
    mlp_bias: ffnBiased(facts),
  }),
};

function biases(config: Config): string | undefined {
  const names = [...(config.flag('attention_bias') ? ['q', 'k', 'v'] : []), ...(config.flag('attention_out_bias') ? ['o'] : [])]; // prettier-ignore
  return names.length === 0 ? undefined : names.length === 4 ? 'all' : `[${names.join(', ')}]`;
}
