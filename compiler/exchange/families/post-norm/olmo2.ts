// Takes: a config of OLMo 2: norms behind the branches, and over all queries and all keys of a token.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block } from '../../statements.ts';
import { attentionBiased, usualJson } from '../common/json.ts';
import { attentionBias, gatedFfn, headKeys, modelSizes, rmsNorm, tokens, uniformStack } from '../common/parts.ts';
import { reordered } from './wirings.ts';

export const olmo2: Family = {
  modelType: 'olmo2',
  architecture: 'Olmo2ForCausalLM',
  defaults: {
    vocab_size: 50304,
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: null,
    hidden_act: 'silu',
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: false,
    attention_bias: false,
  },
  read: (config) => [
    modelSizes(config),
    rmsNorm(config, { cast: 'after_gain' }),
    tokens(config),
    block('mixer attn = gqa', {
      ...headKeys(config),
      bias: attentionBias(config),
      qk_norm: 'rms(per = full, before = rope)',
      rope: ropeKeys(config),
    }),
    gatedFfn(config),
    reordered('main', 'attn'),
    uniformStack(config),
    'head lm { norm = rms }',
    'weights hf = std.hf.olmo2',
  ],
  write: (facts) => ({ ...usualJson(facts), ...facts.ropeJson(), attention_bias: attentionBiased(facts) }),
};
