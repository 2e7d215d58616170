// Takes: configs of StarCoder and SantaCoder: GPT-2 with one key head. Gives: their statements; and the config of a model.
// Promises: a key head for each query head where multi_query is off.
import type { Family } from '../../family.ts';
import { block } from '../../statements.ts';
import { modelSizes, tokens, uniformStack } from '../common/parts.ts';
import { gptJson, gptSpellings } from './gpt-keys.ts';
import { layerNorm, plainFfn } from './parts.ts';
import { wiring } from './wirings.ts';

export const gptBigcode: Family = {
  modelType: 'gpt_bigcode',
  architecture: 'GPTBigCodeForCausalLM',
  spellings: gptSpellings,
  defaults: {
    vocab_size: 50257,
    max_position_embeddings: 1024,
    hidden_size: 768,
    num_hidden_layers: 12,
    num_attention_heads: 12,
    n_inner: null,
    activation_function: 'gelu_pytorch_tanh',
    layer_norm_epsilon: 1e-5,
    scale_attn_weights: true,
    multi_query: true,
    tie_word_embeddings: true,
  },
  harmless: [
    'attention_softmax_in_fp32', 'scale_attention_softmax_in_fp32',
    'num_key_value_heads', // follows from multi_query
    // Of the server it was first run with.
    'inference_runner', 'max_batch_size', 'max_sequence_length', 'pad_key_length', 'pre_allocate_kv_cache', 'validate_runner_input',
  ], // prettier-ignore
  dropped: [/\.attn\.(masked_)?bias$/],
  read: (config) => [
    modelSizes(config),
    layerNorm(config, 'layer_norm_epsilon'),
    tokens(config, { pos: 'learned' }),
    block('mixer attn = gqa', {
      heads: config.count('num_attention_heads'),
      kv_heads: config.flag('multi_query') ? 1 : undefined,
      scale: config.flag('scale_attn_weights') ? undefined : 1,
      bias: 'all',
      rope: 'none',
    }),
    plainFfn(config, { act: 'activation_function', width: 'n_inner' }),
    wiring('serial'),
    uniformStack(config),
    'head lm { norm = ln }',
    'weights hf = std.hf.gpt_bigcode',
  ],
  write: (facts) => ({
    ...gptJson(facts),
    multi_query: facts.attention('kv_heads', ({ kvHeads }) => kvHeads) === 1,
    scale_attn_weights: facts.attention('scale', ({ scale }) => scale) !== 1,
  }),
};
