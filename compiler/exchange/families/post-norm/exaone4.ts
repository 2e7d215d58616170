// Takes: a config of EXAONE 4: norms behind the branches and of every query and key head; with windows, layers without one have no RoPE.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Config, Json } from '../../config.ts';
import type { Family } from '../../family.ts';
import type { ModelFacts } from '../../model-facts.ts';
import { ropeKeys } from '../../rope.ts';
import { usualJson } from '../common/json.ts';
import { layeredAttention, type LayeredAttention } from '../common/layers.ts';
import { gatedFfn, headKeys, modelSizes, rmsNorm, tokens } from '../common/parts.ts';
import { slidingLayers, windowJson, windowMask } from '../common/windows.ts';
import { reordered } from './wirings.ts';

export const exaone4: Family = {
  modelType: 'exaone4',
  architecture: 'Exaone4ForCausalLM',
  defaults: {
    vocab_size: 102400,
    hidden_size: 4096,
    intermediate_size: 16384,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 32,
    hidden_act: 'silu',
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: false,
    sliding_window: 4096,
    head_dim: null,
  },
  read(config) {
    const attention = attentionOf(config);
    return [
      modelSizes(config),
      rmsNorm(config),
      tokens(config),
      ...attention.mixers,
      gatedFfn(config),
      reordered(attention.head, attention.mix),
      attention.stack,
      'head lm { norm = rms }',
      'weights hf = std.hf.olmo2',
    ];
  },
  write: (facts) => ({ ...usualJson(facts), ...facts.ropeJson(), ...windows(facts) }),
};

/** Old files have a pattern of letters, `LLLG`, which goes by layer_types beside it. @throws ConfigError */
function attentionOf(config: Config): LayeredAttention {
  const size = config.countOrNull('sliding_window');
  config.passOver('sliding_window_pattern');
  const period = config.has('layer_types') || size === null ? 1 : config.count('sliding_window_pattern', 4);
  const slides = slidingLayers(config, (layer) => size !== null && (layer + 1) % period !== 0);
  const keys = { ...headKeys(config), qk_norm: 'rms(per = head, before = rope)' };
  const rope = ropeKeys(config);
  const kinds = { local: { mask: windowMask(config, size), rope }, global: { rope: size === null ? rope : 'none' } };
  return layeredAttention(keys, kinds, slides.map((each) => (each ? 'local' : 'global'))); // prettier-ignore
}

/** Without windows every layer has RoPE. */
function windows(facts: ModelFacts): Json {
  const json = windowJson(facts);
  return json['sliding_window'] === null ? { ...json, sliding_window_pattern: null } : json;
}
