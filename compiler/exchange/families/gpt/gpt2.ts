// GPT-2: pre-norm, learned positions, biases everywhere.
import { activation } from '../../activations.ts';
import type { Config } from '../../config.ts';
import type { Family } from '../../family.ts';
import type { ModelFacts } from '../../model-facts.ts';
import { block, sizes, stack } from '../../statements.ts';
import { layerNorm, mlp } from './parts.ts';
import { gptJson, gptSizes } from './spelling.ts';
import { wiring } from './wirings.ts';

export const gpt2: Family = {
  modelType: 'gpt2',
  architecture: 'GPT2LMHeadModel',
  harmless: ['reorder_and_upcast_attn', 'n_ctx'], // in which type scores are computed; what n_positions says too
  dropped: [/(^|\.)h\.\d+\.attn\.(masked_)?bias$/],
  read(config, tensors) {
    const { vocab, context, dModel, layers, heads } = gptSizes(config, { vocab: 50257, context: 1024, dModel: 768, layers: 12, heads: 12 }); // prettier-ignore
    const isTied = config.flag('tie_word_embeddings', true);
    return [
      sizes(vocab, context, dModel, layers),
      layerNorm(config.number('layer_norm_epsilon', 1e-5)),
      block('embed token', { tie: isTied ? 'head' : undefined, pos: 'learned' }),
      block('mixer attn = gqa', { heads, scale: scale(config), bias: 'all', rope: 'none' }),
      mlp(activation(config, 'activation_function', 'gelu_new'), config.count('n_inner', 4 * dModel), dModel, true),
      wiring('serial'),
      stack(Array.from({ length: layers }, () => 'main')),
      'head lm { norm = ln }',
      // As saved without its head, as OpenAI's own are, or with it.
      `weights hf = std.hf.${tensors.has('wte.weight') ? 'gpt2' : 'gpt2_lm'}`,
    ];
  },
  write: (facts) => ({ ...gptJson(facts), ...scaleJson(facts) }),
};

function scale(config: Config): string | undefined {
  const isScaled = config.flag('scale_attn_weights', true);
  if (config.flag('scale_attn_by_inverse_layer_idx', false)) {
    return isScaled ? 'head_dim ^ -0.5 / (layer + 1)' : '1 / (layer + 1)';
  }
  return isScaled ? undefined : '1';
}

function scaleJson({ mixers: [first, second] }: ModelFacts): Record<string, boolean> {
  return {
    scale_attn_weights: first?.scale !== 1,
    scale_attn_by_inverse_layer_idx: second !== undefined && second.scale !== first?.scale,
  };
}
