// Takes: a config of the text part of Gemma 3: as Gemma 2, with norms of every query and key head and a RoPE of its own for windows.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Family } from '../../family.ts';
import { block } from '../../statements.ts';
import { activationName } from '../../activations.ts';
import { attentionBiased } from '../common/json.ts';
import { layeredAttention } from '../common/layers.ts';
import { attentionBias, gatedFfn, headKeys, modelSizes, rmsNorm, tokens } from '../common/parts.ts';
import { layerRopeJson, layerRopes } from '../common/ropes.ts';
import { slidingLayers, windowJson, windowMask } from '../common/windows.ts';
import { caps, capsJson, queryScale } from './gemma-keys.ts';
import { sandwich } from './wirings.ts';

export const gemma3: Family = {
  modelType: 'gemma3_text',
  architecture: 'Gemma3ForCausalLM',
  defaults: {
    vocab_size: 262208,
    hidden_size: 2304,
    intermediate_size: 9216,
    num_hidden_layers: 26,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    head_dim: 256,
    hidden_activation: 'gelu_pytorch_tanh',
    max_position_embeddings: 131072,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: true,
    attention_bias: false,
    query_pre_attn_scalar: 256,
    sliding_window: 4096,
    sliding_window_pattern: 6,
    final_logit_softcapping: null,
    attn_logit_softcapping: null,
  },
  harmless: ['hidden_act', '_sliding_window_pattern'], // the code reads hidden_activation and layer_types
  read(config) {
    config.only('use_bidirectional_attention', false);
    const { scores, logits } = caps(config);
    const pattern = config.count('sliding_window_pattern');
    const slides = slidingLayers(config, (layer) => (layer + 1) % pattern !== 0);
    const ropes = layerRopes(config, {
      full: { theta: 1_000_000 },
      sliding: { theta: 10_000, thetaKey: 'rope_local_base_freq' },
    });
    const keys = {
      ...headKeys(config),
      scale: queryScale(config),
      softcap: scores,
      bias: attentionBias(config),
      qk_norm: 'rms(per = head, before = rope)',
    };
    const kinds = {
      local: { mask: windowMask(config, config.countOrNull('sliding_window')), rope: ropes.sliding },
      global: { rope: ropes.full },
    };
    const attention = layeredAttention(keys, kinds, slides.map((each) => (each ? 'local' : 'global'))); // prettier-ignore
    return [
      modelSizes(config),
      rmsNorm(config, { gain: '1 + weight', cast: 'after_gain' }),
      tokens(config, { scale: 'sqrt(d_model)' }),
      ...attention.mixers,
      gatedFfn(config, {}, 'hidden_activation'),
      sandwich(attention.head, attention.mix),
      attention.stack,
      block('head lm', { norm: 'rms', softcap: logits }),
      'weights hf = std.hf.gemma2',
    ];
  },
  write: (facts) => ({
    ...facts.sizes(),
    ...facts.heads(),
    ...windowJson(facts, 4096),
    ...capsJson(facts),
    rope_parameters: layerRopeJson(facts),
    rms_norm_eps: facts.eps,
    hidden_activation: activationName(facts.ffn('act', ({ act }) => act)),
    intermediate_size: facts.width,
    attention_bias: attentionBiased(facts),
  }),
};
