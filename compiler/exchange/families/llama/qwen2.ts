// Takes: a config of Qwen 2 and 2.5: Llama with biases of queries, keys and values; windows in the upper layers.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { usualJson } from '../common/json.ts';
import { gatedFfn, headKeys, modelSizes, preNorm, rmsNorm, tokens } from '../common/parts.ts';
import { windowDefaults, windowedAttention, windowedJson } from '../common/windowed.ts';

export const qwen2: Family = {
  modelType: 'qwen2',
  architecture: 'Qwen2ForCausalLM',
  defaults: {
    vocab_size: 151936,
    hidden_size: 4096,
    intermediate_size: 22016,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 32,
    hidden_act: 'silu',
    max_position_embeddings: 32768,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: false,
    ...windowDefaults,
  },
  dropped: [/\.rotary_emb\.inv_freq$/],
  read(config) {
    config.only('use_mrope', false);
    const attention = windowedAttention(config, { ...headKeys(config), bias: '[q, k, v]', rope: ropeKeys(config) });
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
  write: (facts) => ({ ...usualJson(facts), ...facts.ropeJson(), ...windowedJson(facts) }),
};
