// Takes: a config of Qwen 3: a norm of every query and key head before RoPE; windows in the upper layers.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { attentionBiased, usualJson } from '../common/json.ts';
import { attentionBias, gatedFfn, headKeys, modelSizes, preNorm, rmsNorm, tokens } from '../common/parts.ts';
import { windowDefaults, windowedAttention, windowedJson } from '../common/windowed.ts';

export const qwen3: Family = {
  modelType: 'qwen3',
  architecture: 'Qwen3ForCausalLM',
  defaults: {
    vocab_size: 151936,
    hidden_size: 4096,
    intermediate_size: 22016,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 32,
    head_dim: 128,
    hidden_act: 'silu',
    max_position_embeddings: 32768,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: false,
    attention_bias: false,
    ...windowDefaults,
  },
  read(config) {
    const [bias, rope] = [attentionBias(config), ropeKeys(config)];
    const attention = windowedAttention(config, { ...headKeys(config), bias, qk_norm: 'rms(per = head)', rope });
    return [
      modelSizes(config),
      rmsNorm(config),
      tokens(config),
      ...attention.mixers,
      gatedFfn(config),
      preNorm(attention.head, attention.mix),
      attention.stack,
      'head lm { norm = rms }',
      'weights hf = std.hf.llama',
    ];
  },
  write: (facts) => ({
    ...usualJson(facts),
    ...facts.ropeJson(),
    ...windowedJson(facts),
    attention_bias: attentionBiased(facts),
  }),
};
