// BLOOM: linear biases for positions, a norm on the embedding, keys and values of each head in turn.
import type { Family } from '../../family.ts';
import { block, sizes, stack } from '../../statements.ts';
import { layerNorm, mlp } from './parts.ts';
import { countOf } from './spelling.ts';
import { wiring, wiringOf } from './wirings.ts';

export const bloom: Family = {
  modelType: 'bloom',
  architecture: 'BloomForCausalLM',
  harmless: [
    // How products are cut and kernels fused.
    'pretraining_tp', 'slow_but_exact', 'masked_softmax_fusion', 'bias_dropout_fusion', 'attention_softmax_in_fp32', 'skip_bias_add',
    'skip_bias_add_qkv', 'offset_alibi',
  ], // prettier-ignore
  read(config, tensors) {
    const dModel = countOf(config, ['n_embed', 'hidden_size'], 64);
    const layers = countOf(config, ['n_layer', 'num_hidden_layers'], 2);
    const heads = countOf(config, ['n_head', 'num_attention_heads'], 8);
    config.only('n_inner', 4 * dModel);
    return [
      sizes(config.count('vocab_size', 250880), config.count('seq_length', 2048), dModel, layers),
      layerNorm(config.number('layer_norm_epsilon', 1e-5)),
      block('embed token', { tie: config.flag('tie_word_embeddings', true) ? 'head' : undefined, norm: 'ln' }),
      block('mixer attn = gqa', { heads, bias: 'all', rope: 'none', pos: 'alibi' }),
      mlp('gelu_tanh', 4 * dModel, dModel, true),
      wiring(config.flag('apply_residual_connection_post_layernorm', false) ? 'norm_stream' : 'serial'),
      stack(Array.from({ length: layers }, () => 'main')),
      'head lm { norm = ln }',
      // As saved without its head, as the first ones are, or with it.
      `weights hf = std.hf.${tensors.has('word_embeddings.weight') ? 'bloom' : 'bloom_lm'}`,
    ];
  },
  write: (facts) => ({
    vocab_size: facts.model.vocab,
    seq_length: facts.model.context,
    hidden_size: facts.model.dModel,
    n_layer: facts.model.nLayers,
    n_head: facts.attention('heads', ({ heads }) => heads),
    layer_norm_epsilon: facts.eps,
    tie_word_embeddings: facts.model.embed.tied,
    apply_residual_connection_post_layernorm: wiringOf(facts.model) === 'norm_stream',
  }),
};
