// Takes: a config of OLMo 1: Llama with layer norms that have no weights, and perhaps clamped queries, keys and values.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class; eps of the norms is the code's, 1e-5.
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block } from '../../statements.ts';
import { attentionBiased, ffnJson } from '../common/json.ts';
import { attentionBias, gatedFfn, headKeys, modelSizes, preNorm, tokens, uniformStack } from '../common/parts.ts';

export const olmo: Family = {
  modelType: 'olmo',
  architecture: 'OlmoForCausalLM',
  defaults: {
    vocab_size: 50304,
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: null,
    hidden_act: 'silu',
    max_position_embeddings: 2048,
    tie_word_embeddings: false,
    attention_bias: false,
    clip_qkv: null,
  },
  read: (config) => [
    modelSizes(config),
    'norm ln = layer { eps = 1e-5; gain = none; bias = none }',
    tokens(config),
    block('mixer attn = gqa', {
      ...headKeys(config),
      bias: attentionBias(config),
      clip_qkv: config.has('clip_qkv') ? config.number('clip_qkv') : undefined,
      rope: ropeKeys(config),
    }),
    gatedFfn(config),
    preNorm('main', 'attn', 'ln'),
    uniformStack(config),
    'head lm { norm = ln }',
    'weights hf = std.hf.llama',
  ],
  write: (facts) => ({
    ...facts.sizes(),
    ...facts.heads(),
    ...ffnJson(facts),
    ...facts.ropeJson(),
    attention_bias: attentionBiased(facts),
    clip_qkv: facts.attention('clip_qkv', ({ clipQkv }) => clipQkv),
  }),
};
