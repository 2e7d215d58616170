// Takes: a config of Gemma 2: norms before and behind each branch, capped scores and logits, windows in every other layer.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block } from '../../statements.ts';
import { activationName } from '../../activations.ts';
import { attentionBiased } from '../common/json.ts';
import { layeredAttention } from '../common/layers.ts';
import { attentionBias, gatedFfn, headKeys, modelSizes, rmsNorm, tokens } from '../common/parts.ts';
import { windowJson, windowMask, windowedLayers } from '../common/windows.ts';
import { caps, capsJson, queryScale } from './gemma-keys.ts';
import { sandwich } from './wirings.ts';

export const gemma2: Family = {
  modelType: 'gemma2',
  architecture: 'Gemma2ForCausalLM',
  defaults: {
    vocab_size: 256000,
    hidden_size: 2304,
    intermediate_size: 9216,
    num_hidden_layers: 26,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    head_dim: 256,
    hidden_activation: 'gelu_pytorch_tanh',
    max_position_embeddings: 8192,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: true,
    attention_bias: false,
    query_pre_attn_scalar: 256,
    sliding_window: 4096,
    final_logit_softcapping: 30,
    attn_logit_softcapping: 50,
  },
  harmless: ['hidden_act', 'sliding_window_size'], // the code reads hidden_activation and sliding_window
  read(config) {
    config.only('use_bidirectional_attention', false);
    const { scores, logits } = caps(config);
    const size = config.countOrNull('sliding_window');
    const slides = windowedLayers(config, size, (layer) => layer % 2 === 0);
    const keys = {
      ...headKeys(config),
      scale: queryScale(config),
      softcap: scores,
      bias: attentionBias(config),
      rope: ropeKeys(config),
    };
    const attention = layeredAttention(keys, { local: { mask: windowMask(config, size) }, global: {} }, slides.map((each) => (each ? 'local' : 'global'))); // prettier-ignore
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
    ...facts.ropeJson(),
    ...windowJson(facts, 4096),
    ...capsJson(facts),
    rms_norm_eps: facts.eps,
    hidden_activation: activationName(facts.ffn('act', ({ act }) => act)),
    intermediate_size: facts.width,
    attention_bias: attentionBiased(facts),
  }),
};
