// Takes: a config of SmolLM 3: some layers have no RoPE; those may have windows.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Config, Json } from '../../config.ts';
import type { Family } from '../../family.ts';
import type { ModelFacts } from '../../model-facts.ts';
import { ropeKeys } from '../../rope.ts';
import { attentionBiased, ffnBiased, usualJson } from '../common/json.ts';
import { layeredAttention, type LayeredAttention } from '../common/layers.ts';
import { attentionBias, ffnBias, gatedFfn, headKeys, modelSizes, preNorm, rmsNorm, tokens } from '../common/parts.ts';
import { windowJson, windowMask, windowedLayers } from '../common/windows.ts';

export const smollm3: Family = {
  modelType: 'smollm3',
  architecture: 'SmolLM3ForCausalLM',
  defaults: {
    vocab_size: 128256,
    hidden_size: 2048,
    intermediate_size: 11008,
    num_hidden_layers: 36,
    num_attention_heads: 16,
    num_key_value_heads: 4,
    hidden_act: 'silu',
    max_position_embeddings: 32768,
    rms_norm_eps: 1e-6,
    use_sliding_window: false,
    sliding_window: null,
    no_rope_layers: null,
    no_rope_layer_interval: 4,
    attention_bias: false,
    mlp_bias: false,
    tie_word_embeddings: true,
  },
  harmless: ['pretraining_tp', 'max_window_layers'], // read by no code of the family
  read(config) {
    const attention = attentionOf(config);
    return [
      modelSizes(config),
      rmsNorm(config),
      tokens(config),
      ...attention.mixers,
      gatedFfn(config, ffnBias(config)),
      preNorm(attention.head, attention.mix),
      attention.stack,
      'head lm { norm = rms }',
      'weights hf = std.hf.llama',
    ];
  },
  write: (facts) => ({
    ...usualJson(facts),
    ...ropesJson(facts),
    ...windowJson(facts),
    use_sliding_window: facts.mixers.some(({ mask }) => mask.kind !== 'causal'),
    attention_bias: attentionBiased(facts),
    mlp_bias: ffnBiased(facts),
  }),
};

/** `attn` with RoPE, `nope` without, and their windows. @throws ConfigError */
function attentionOf(config: Config): LayeredAttention {
  const [listed, interval] = [config.numbers('no_rope_layers'), config.count('no_rope_layer_interval')];
  config.passOver('no_rope_layers');
  const hasRope = (layer: number): boolean => (listed === null ? (layer + 1) % interval !== 0 : listed[layer] !== 0);
  const size = config.flag('use_sliding_window') ? config.countOrNull('sliding_window') : null;
  config.passOver('sliding_window');
  const slides = windowedLayers(config, size, (layer) => size !== null && !hasRope(layer));
  const mask = windowMask(config, size);
  const keys = { ...headKeys(config), bias: attentionBias(config), rope: ropeKeys(config) };
  const kinds = { attn: {}, nope: { rope: 'none' }, local: { mask }, local_nope: { mask, rope: 'none' } };
  const kindOf = (layer: number): string => [slides[layer] ? ['local'] : [], hasRope(layer) ? [] : ['nope']].flat().join('_'); // prettier-ignore
  return layeredAttention(keys, kinds, slides.map((_, layer) => kindOf(layer) || 'attn')); // prettier-ignore
}

/** The rope of the layers that have one, and which they are. */
function ropesJson(facts: ModelFacts): Json {
  return { ...facts.ropeJson(), no_rope_layers: facts.mixers.map(({ rope }) => (rope === null ? 0 : 1)) };
}
