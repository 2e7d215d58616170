// Takes: a config of OLMo 3: OLMo 2 with windows in three of four layers, and perhaps a scaled RoPE in the others.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Family } from '../../family.ts';
import { attentionBiased, usualJson } from '../common/json.ts';
import { layeredAttention } from '../common/layers.ts';
import { attentionBias, gatedFfn, headKeys, modelSizes, rmsNorm, tokens } from '../common/parts.ts';
import { layerRopeJson, layerRopes } from '../common/ropes.ts';
import { slidingLayers, windowJson, windowMask } from '../common/windows.ts';
import { reordered } from './wirings.ts';

export const olmo3: Family = {
  modelType: 'olmo3',
  architecture: 'Olmo3ForCausalLM',
  defaults: {
    vocab_size: 50304,
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: null,
    hidden_act: 'silu',
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: false,
    attention_bias: false,
    sliding_window: 4096,
  },
  read(config) {
    const slides = slidingLayers(config, (layer) => (layer + 1) % 4 !== 0);
    const ropes = layerRopes(config, { full: { theta: 500_000 }, sliding: { theta: 500_000 } });
    const keys = { ...headKeys(config), bias: attentionBias(config), qk_norm: 'rms(per = full, before = rope)' };
    const kinds = {
      local: { mask: windowMask(config, config.countOrNull('sliding_window')), rope: ropes.sliding },
      global: { rope: ropes.full },
    };
    const attention = layeredAttention(keys, kinds, slides.map((each) => (each ? 'local' : 'global'))); // prettier-ignore
    return [
      modelSizes(config),
      rmsNorm(config, { cast: 'after_gain' }),
      tokens(config),
      ...attention.mixers,
      gatedFfn(config),
      reordered(attention.head, attention.mix),
      attention.stack,
      'head lm { norm = rms }',
      'weights hf = std.hf.olmo2',
    ];
  },
  write: (facts) => ({
    ...usualJson(facts),
    ...windowJson(facts, 4096),
    rope_parameters: layerRopeJson(facts),
    attention_bias: attentionBiased(facts),
  }),
};
