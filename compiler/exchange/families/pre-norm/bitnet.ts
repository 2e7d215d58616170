// Takes: a config of BitNet b1.58, weights as floats: norms inside of attention and ffn, before their last maps.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block } from '../../statements.ts';
import { attentionBiased, usualJson } from '../common/json.ts';
import { attentionBias, gatedFfn, headKeys, modelSizes, preNorm, rmsNorm, tokens, uniformStack } from '../common/parts.ts'; // prettier-ignore

export const bitnet: Family = {
  modelType: 'bitnet',
  architecture: 'BitNetForCausalLM',
  defaults: {
    vocab_size: 128256,
    hidden_size: 2560,
    intermediate_size: 6912,
    num_hidden_layers: 30,
    num_attention_heads: 20,
    num_key_value_heads: 5,
    hidden_act: 'relu2',
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: false,
    attention_bias: false,
  },
  read: (config) => [
    modelSizes(config),
    rmsNorm(config),
    tokens(config),
    block('mixer attn = gqa', {
      ...headKeys(config),
      bias: attentionBias(config),
      rope: ropeKeys(config, { theta: 500_000 }),
      out_norm: 'rms',
    }),
    gatedFfn(config, { norm: 'rms' }),
    preNorm('main', 'attn'),
    uniformStack(config),
    'head lm { norm = rms }',
    'weights hf = std.hf.bitnet',
  ],
  write: (facts) => ({ ...usualJson(facts), ...facts.ropeJson(), attention_bias: attentionBiased(facts) }),
};
