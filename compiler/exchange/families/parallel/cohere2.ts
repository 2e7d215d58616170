// Takes: a config of Command-R7B and Command-A: as Command-R; layers with windows have RoPE, the others none.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Config } from '../../config.ts';
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block, equations } from '../../statements.ts';
import { attentionBiased, ffnJson } from '../common/json.ts';
import { layeredAttention, type LayeredAttention } from '../common/layers.ts';
import { attentionBias, gatedFfn, headKeys, modelSizes, tokens } from '../common/parts.ts';
import { slidingLayers, windowJson, windowMask } from '../common/windows.ts';

export const cohere2: Family = {
  modelType: 'cohere2',
  architecture: 'Cohere2ForCausalLM',
  defaults: {
    vocab_size: 256000,
    hidden_size: 8192,
    intermediate_size: 22528,
    logit_scale: 0.0625,
    num_hidden_layers: 40,
    num_attention_heads: 64,
    num_key_value_heads: null,
    hidden_act: 'silu',
    max_position_embeddings: 8192,
    layer_norm_eps: 1e-5,
    tie_word_embeddings: true,
    attention_bias: false,
    sliding_window: 4096,
    sliding_window_pattern: 4,
    head_dim: null,
  },
  // What old files say beside layer_types, and a switch that is off.
  harmless: ['rotary_pct', 'order_of_interleaved_layers', 'position_embedding_type', 'layer_switch', 'use_gated_activation'], // prettier-ignore
  read(config) {
    config.only('use_embedding_sharing', true);
    config.only('use_parallel_block', true);
    config.only('use_parallel_embedding', false);
    config.only('use_qk_norm', false);
    const attention = attentionOf(config);
    const call = `${attention.mix}(ln.mix(x))`;
    return [
      modelSizes(config),
      block('norm ln = layer', { eps: config.number('layer_norm_eps'), bias: 'none', cast: 'after_gain' }),
      tokens(config),
      ...attention.mixers,
      gatedFfn(config),
      equations(attention.head, `y = x + ${call} + mlp(ln.mix(x))`),
      attention.stack,
      block('head lm', { norm: 'ln', scale: config.number('logit_scale') }),
      'weights hf = std.hf.llama',
    ];
  },
  write: (facts) => ({
    ...facts.sizes(),
    ...facts.heads(),
    ...ffnJson(facts),
    ...facts.ropeJson(),
    ...windowJson(facts),
    layer_norm_eps: facts.eps,
    logit_scale: facts.model.head.scale,
    attention_bias: attentionBiased(facts),
  }),
};

function attentionOf(config: Config): LayeredAttention {
  const pattern = config.count('sliding_window_pattern');
  const slides = slidingLayers(config, (layer) => (layer + 1) % pattern !== 0);
  const keys = { ...headKeys(config), bias: attentionBias(config) };
  const local = {
    mask: windowMask(config, config.countOrNull('sliding_window')),
    rope: ropeKeys(config, { pairing: 'interleaved' }),
  };
  return layeredAttention(keys, { local, global: { rope: 'none' } }, slides.map((each) => (each ? 'local' : 'global'))); // prettier-ignore
}
