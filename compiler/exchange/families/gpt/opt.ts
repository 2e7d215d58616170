// OPT: learned positions from row 2 on; the 350M has its norms behind the sums and a narrower vocabulary matrix.
import { activation, activationName } from '../../activations.ts';
import type { Family } from '../../family.ts';
import { block, sizes, stack } from '../../statements.ts';
import { mlp } from './parts.ts';
import { wiring, wiringOf } from './wirings.ts';

export const opt: Family = {
  modelType: 'opt',
  architecture: 'OPTForCausalLM',
  harmless: ['init_std'],
  dropped: [/(^|\.)decoder\.version$/],
  read(config) {
    const [dModel, layers] = [config.count('hidden_size', 768), config.count('num_hidden_layers', 12)];
    const isBefore = config.flag('do_layer_norm_before', true);
    const isRemoved = config.flag('_remove_final_layer_norm', false);
    const isAffine = config.flag('layer_norm_elementwise_affine', true);
    const hasBias = config.flag('enable_bias', true);
    const rowDim = config.count('word_embed_proj_dim', dModel);
    const dim = rowDim === dModel ? undefined : rowDim;
    return [
      sizes(config.count('vocab_size', 50272), config.count('max_position_embeddings', 2048), dModel, layers),
      block('norm ln = layer', isAffine ? {} : { gain: 'none', bias: false }),
      block('embed token', { tie: config.flag('tie_word_embeddings', true) ? 'head' : undefined, dim, pos: 'learned { offset = 2 }' }), // prettier-ignore
      block('mixer attn = gqa', { heads: config.count('num_attention_heads', 12), bias: hasBias ? 'all' : undefined, rope: 'none' }), // prettier-ignore
      mlp(activation(config, 'activation_function', 'relu'), config.count('ffn_dim', 3072), dModel, hasBias),
      wiring(isBefore ? 'serial' : 'post_norm'),
      stack(Array.from({ length: layers }, () => 'main')),
      block('head lm', { norm: isBefore && !isRemoved ? 'ln' : 'none', dim }),
      'weights hf = std.hf.opt',
    ];
  },
  write(facts) {
    const { model, norms } = facts;
    const isBefore = wiringOf(model) !== 'post_norm';
    return {
      ...facts.sizes(),
      num_attention_heads: facts.attention('heads', ({ heads }) => heads),
      ffn_dim: facts.width,
      activation_function: activationName(facts.ffn('act', ({ act }) => act)),
      word_embed_proj_dim: model.embed.factor?.dim ?? model.dModel,
      enable_bias: facts.attention('bias', ({ q }) => q.bias),
      layer_norm_elementwise_affine: norms[0]?.gain === 'weight',
      do_layer_norm_before: isBefore,
      _remove_final_layer_norm: isBefore && model.head.norm === null,
    };
  },
};
