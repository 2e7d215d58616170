// Takes: configs of GPT-2: pre-norm, learned positions, biases everywhere.
// Gives: their statements; and the config of a model.
// Promises: scales of the scores may follow the layer; names without `transformer.` are told by the tensors.
import type { Config } from '../../config.ts';
import type { Family } from '../../family.ts';
import type { ModelFacts } from '../../model-facts.ts';
import { block } from '../../statements.ts';
import { modelSizes, tokens, uniformStack } from '../common/parts.ts';
import { gptJson, gptSpellings } from './gpt-keys.ts';
import { layerNorm, plainFfn } from './parts.ts';
import { wiring } from './wirings.ts';

export const gpt2: Family = {
  modelType: 'gpt2',
  architecture: 'GPT2LMHeadModel',
  spellings: gptSpellings,
  defaults: {
    vocab_size: 50257,
    max_position_embeddings: 1024,
    hidden_size: 768,
    num_hidden_layers: 12,
    num_attention_heads: 12,
    n_inner: null,
    activation_function: 'gelu_new',
    layer_norm_epsilon: 1e-5,
    scale_attn_weights: true,
    scale_attn_by_inverse_layer_idx: false,
    tie_word_embeddings: true,
  },
  harmless: ['reorder_and_upcast_attn', 'n_ctx'], // the type in which scores are computed; what n_positions says too
  dropped: [/(^|\.)h\.\d+\.attn\.(masked_)?bias$/],
  read: (config, tensors) => [
    modelSizes(config),
    layerNorm(config, 'layer_norm_epsilon'),
    tokens(config, { pos: 'learned' }),
    block('mixer attn = gqa', {
      heads: config.count('num_attention_heads'),
      scale: scale(config),
      bias: 'all',
      rope: 'none',
    }),
    plainFfn(config, { act: 'activation_function', width: 'n_inner' }),
    wiring('serial'),
    uniformStack(config),
    'head lm { norm = ln }',
    // As saved without its head, as OpenAI's own are, or with it.
    `weights hf = std.hf.${tensors.has('wte.weight') ? 'gpt2' : 'gpt2_lm'}`,
  ],
  write: (facts) => ({ ...gptJson(facts), ...scaleJson(facts) }),
};

function scale(config: Config): string | undefined {
  const isScaled = config.flag('scale_attn_weights');
  if (config.flag('scale_attn_by_inverse_layer_idx')) {
    return isScaled ? 'head_dim ^ -0.5 / (layer + 1)' : '1 / (layer + 1)';
  }
  return isScaled ? undefined : '1';
}

function scaleJson({ mixers: [first, second] }: ModelFacts): Readonly<Record<string, boolean>> {
  return {
    scale_attn_weights: first?.scale !== 1,
    scale_attn_by_inverse_layer_idx: second !== undefined && second.scale !== first?.scale,
  };
}
