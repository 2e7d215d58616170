// Takes: configs of OPT: learned positions from row 2 on. Gives: their statements; and the config of a model.
// Promises: the 350M has its norms behind the sums and a narrower vocabulary matrix; names without `model.` are told by the tensors.
import { activationName } from '../../activations.ts';
import type { Family } from '../../family.ts';
import { block, unless } from '../../statements.ts';
import { modelSizes, tokens, uniformStack } from '../common/parts.ts';
import { plainFfn } from './parts.ts';
import { wiring, wiringOf } from './wirings.ts';

export const opt: Family = {
  modelType: 'opt',
  architecture: 'OPTForCausalLM',
  defaults: {
    vocab_size: 50272,
    max_position_embeddings: 2048,
    hidden_size: 768,
    num_hidden_layers: 12,
    num_attention_heads: 12,
    ffn_dim: 3072,
    activation_function: 'relu',
    do_layer_norm_before: true,
    _remove_final_layer_norm: false,
    word_embed_proj_dim: null,
    enable_bias: true,
    layer_norm_elementwise_affine: true,
    tie_word_embeddings: true,
  },
  harmless: ['init_std'],
  dropped: [/(^|\.)decoder\.version$/],
  read(config, tensors) {
    const [isBefore, isRemoved, hasBias] = [config.flag('do_layer_norm_before'), config.flag('_remove_final_layer_norm'), config.flag('enable_bias')]; // prettier-ignore
    const dModel = config.count('hidden_size');
    const dim = unless(config.countOrNull('word_embed_proj_dim') ?? dModel, dModel);
    return [
      modelSizes(config),
      block('norm ln = layer', config.flag('layer_norm_elementwise_affine') ? {} : { gain: 'none', bias: false }),
      tokens(config, { dim, pos: 'learned(offset = 2)' }),
      block('mixer attn = gqa', {
        heads: config.count('num_attention_heads'),
        bias: hasBias ? 'all' : undefined,
        rope: 'none',
      }),
      plainFfn(config, { act: 'activation_function', width: 'ffn_dim', hasBias }),
      wiring(isBefore ? 'serial' : 'post_norm'),
      uniformStack(config),
      block('head lm', { norm: isBefore && !isRemoved ? 'ln' : 'none', dim }),
      // As saved without its head, as the first ones are, or with it.
      `weights hf = std.hf.${tensors.has('decoder.embed_tokens.weight') ? 'opt' : 'opt_lm'}`,
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
