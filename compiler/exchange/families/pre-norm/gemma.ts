// Takes: a config of Gemma 1: RMS norms with 1 + weight, an embedding scaled by sqrt(d_model), GeGLU.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block } from '../../statements.ts';
import { attentionBiased, usualJson } from '../common/json.ts';
import { attentionBias, gatedFfn, headKeys, modelSizes, preNorm, rmsNorm, tokens, uniformStack } from '../common/parts.ts'; // prettier-ignore

export const gemma: Family = {
  modelType: 'gemma',
  architecture: 'GemmaForCausalLM',
  defaults: {
    vocab_size: 256000,
    hidden_size: 3072,
    intermediate_size: 24576,
    num_hidden_layers: 28,
    num_attention_heads: 16,
    num_key_value_heads: 16,
    head_dim: 256,
    hidden_act: 'gelu_pytorch_tanh',
    max_position_embeddings: 8192,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: true,
    attention_bias: false,
  },
  read(config) {
    config.only('use_bidirectional_attention', false);
    // Files before it had a name of its own: transformers reads hidden_act.
    config.passOver('hidden_activation');
    return [
      modelSizes(config),
      rmsNorm(config, { gain: '1 + weight', cast: 'after_gain' }),
      tokens(config, { scale: 'sqrt(d_model)' }),
      block('mixer attn = gqa', { ...headKeys(config), bias: attentionBias(config), rope: ropeKeys(config) }),
      gatedFfn(config),
      preNorm('main', 'attn'),
      uniformStack(config),
      'head lm { norm = rms }',
      'weights hf = std.hf.llama',
    ];
  },
  write: (facts) => ({ ...usualJson(facts), ...facts.ropeJson(), attention_bias: attentionBiased(facts) }),
};
