// StarCoder, SantaCoder: GPT-2 with one key head.
import { activation } from '../../activations.ts';
import type { Family } from '../../family.ts';
import { block, sizes, stack } from '../../statements.ts';
import { layerNorm, mlp } from './parts.ts';
import { gptJson, gptSizes } from './spelling.ts';
import { wiring } from './wirings.ts';

export const gptBigcode: Family = {
  modelType: 'gpt_bigcode',
  architecture: 'GPTBigCodeForCausalLM',
  harmless: [
    'attention_softmax_in_fp32', 'scale_attention_softmax_in_fp32',
    // Of the server it was first run with.
    'inference_runner', 'max_batch_size', 'max_sequence_length', 'pad_key_length', 'pre_allocate_kv_cache', 'validate_runner_input',
  ], // prettier-ignore
  dropped: [/\.attn\.(masked_)?bias$/],
  read(config) {
    const { vocab, context, dModel, layers, heads } = gptSizes(config, { vocab: 50257, context: 1024, dModel: 768, layers: 12, heads: 12 }); // prettier-ignore
    const isMultiQuery = config.flag('multi_query', true);
    config.only('num_key_value_heads', isMultiQuery ? 1 : heads);
    return [
      sizes(vocab, context, dModel, layers),
      layerNorm(config.number('layer_norm_epsilon', 1e-5)),
      block('embed token', { tie: config.flag('tie_word_embeddings', true) ? 'head' : undefined, pos: 'learned' }),
      block('mixer attn = gqa', {
        heads,
        kv_heads: isMultiQuery ? 1 : undefined,
        scale: config.flag('scale_attn_weights', true) ? undefined : 1,
        bias: 'all',
        rope: 'none',
      }),
      mlp(activation(config, 'activation_function', 'gelu_pytorch_tanh'), config.count('n_inner', 4 * dModel), dModel, true), // prettier-ignore
      wiring('serial'),
      stack(Array.from({ length: layers }, () => 'main')),
      'head lm { norm = ln }',
      'weights hf = std.hf.gpt_bigcode',
    ];
  },
  write: (facts) => ({
    ...gptJson(facts),
    multi_query: facts.attention('kv_heads', ({ kvHeads }) => kvHeads) === 1,
    scale_attn_weights: facts.attention('scale', ({ scale }) => scale) !== 1,
  }),
};
