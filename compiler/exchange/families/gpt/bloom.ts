// Takes: configs of BLOOM: linear biases for positions, a norm on the embedding.
// Gives: their statements; and the config of a model.
// Promises: the context, which nothing of the function needs, is 2048 unless said; names without `transformer.` are told by the tensors.
import type { Family } from '../../family.ts';
import { block } from '../../statements.ts';
import { modelSizes, tokens, uniformStack } from '../common/parts.ts';
import { layerNorm } from './parts.ts';
import { wiring, wiringOf } from './wirings.ts';

export const bloom: Family = {
  modelType: 'bloom',
  architecture: 'BloomForCausalLM',
  spellings: { n_embed: 'hidden_size', n_layer: 'num_hidden_layers', n_head: 'num_attention_heads', seq_length: 'max_position_embeddings' }, // prettier-ignore
  defaults: {
    vocab_size: 250880,
    max_position_embeddings: 2048,
    hidden_size: 64,
    num_hidden_layers: 2,
    num_attention_heads: 8,
    layer_norm_epsilon: 1e-5,
    apply_residual_connection_post_layernorm: false,
    tie_word_embeddings: true,
  },
  harmless: [
    // How products are cut and kernels fused.
    'pretraining_tp', 'slow_but_exact', 'masked_softmax_fusion', 'bias_dropout_fusion', 'attention_softmax_in_fp32', 'skip_bias_add',
    'skip_bias_add_qkv', 'offset_alibi',
  ], // prettier-ignore
  read(config, tensors) {
    config.only('n_inner', 4 * config.count('hidden_size'));
    return [
      modelSizes(config),
      layerNorm(config, 'layer_norm_epsilon'),
      tokens(config, { norm: 'ln' }),
      block('mixer attn = gqa', {
        heads: config.count('num_attention_heads'),
        bias: 'all',
        rope: 'none',
        pos: 'alibi',
      }),
      'ffn mlp = mlp { act = gelu_tanh; bias = all }',
      wiring(config.flag('apply_residual_connection_post_layernorm') ? 'norm_stream' : 'serial'),
      uniformStack(config),
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
