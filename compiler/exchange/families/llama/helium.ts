// Takes: a config of Helium: Llama with RoPE on neighbours and a norm that is cast last.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import { ConfigError } from '../../config-error.ts';
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block } from '../../statements.ts';
import { attentionBiased, ffnBiased, usualJson } from '../common/json.ts';
import { attentionBias, ffnBias, gatedFfn, headKeys, modelSizes, preNorm, rmsNorm, tokens, uniformStack } from '../common/parts.ts'; // prettier-ignore

export const helium: Family = {
  modelType: 'helium',
  architecture: 'HeliumForCausalLM',
  defaults: {
    vocab_size: 48000,
    hidden_size: 2560,
    intermediate_size: 7040,
    num_hidden_layers: 24,
    num_attention_heads: 20,
    num_key_value_heads: 20,
    head_dim: 128,
    hidden_act: 'silu',
    max_position_embeddings: 4096,
    rms_norm_eps: 1e-8,
    tie_word_embeddings: false,
    attention_bias: false,
    mlp_bias: false,
  },
  read(config) {
    const heads = headKeys(config);
    if (heads['head_dim'] !== undefined) throw new ConfigError('head_dim of model_type helium is hidden_size / num_attention_heads'); // prettier-ignore
    return [
      modelSizes(config),
      rmsNorm(config, { cast: 'after_gain' }),
      tokens(config),
      block('mixer attn = gqa', {
        ...heads,
        bias: attentionBias(config, '[q, k, v]'),
        rope: ropeKeys(config, { theta: 100_000, pairing: 'interleaved' }),
      }),
      gatedFfn(config, ffnBias(config)),
      preNorm('main', 'attn'),
      uniformStack(config),
      'head lm { norm = rms }',
      'weights hf = std.hf.llama',
    ];
  },
  write: (facts) => ({
    ...usualJson(facts),
    ...facts.ropeJson(),
    attention_bias: attentionBiased(facts),
    mlp_bias: ffnBiased(facts),
  }),
};
