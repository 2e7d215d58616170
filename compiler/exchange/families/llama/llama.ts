// Takes: a config of Llama 2 and 3, and what keeps to it: pre-norm, RoPE on halves, SwiGLU.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block } from '../../statements.ts';
import { attentionBiased, ffnBiased, usualJson } from '../common/json.ts';
import { attentionBias, ffnBias, gatedFfn, headKeys, modelSizes, preNorm, rmsNorm, tokens, uniformStack } from '../common/parts.ts'; // prettier-ignore

export const llama: Family = {
  modelType: 'llama',
  architecture: 'LlamaForCausalLM',
  defaults: {
    vocab_size: 32000,
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: null,
    hidden_act: 'silu',
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: false,
    attention_bias: false,
    mlp_bias: false,
    head_dim: null,
  },
  harmless: ['pretraining_tp'], // how products are cut, not what they give
  dropped: [/\.rotary_emb\.inv_freq$/],
  read: (config) => [
    modelSizes(config),
    rmsNorm(config),
    tokens(config),
    block('mixer attn = gqa', { ...headKeys(config), bias: attentionBias(config), rope: ropeKeys(config) }),
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
    mlp_bias: ffnBiased(facts),
  }),
};
