// Takes: a config of the ModernBERT decoder: a first layer without a norm before attention, windows, a layer before the logits.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class; a window sees half of local_attention, the query's own position among it.
import { activation, activationName } from '../../activations.ts';
import { ConfigError } from '../../config-error.ts';
import type { Config, Json } from '../../config.ts';
import type { Family } from '../../family.ts';
import type { ModelFacts } from '../../model-facts.ts';
import { block, equations, stack, type Keys } from '../../statements.ts';
import { attentionBiased, ffnBiased } from '../common/json.ts';
import { attentionBias, ffnBias, gatedFfn, headKeys, modelSizes, tokens } from '../common/parts.ts';
import { layerRopeJson, layerRopes } from '../common/ropes.ts';
import { slidingLayers, windowMask, windowsOf } from '../common/windows.ts';

export const modernbertDecoder: Family = {
  modelType: 'modernbert-decoder',
  architecture: 'ModernBertDecoderForCausalLM',
  needsTokens: ['bos_token_id', 'pad_token_id'],
  defaults: {
    vocab_size: 50368,
    hidden_size: 768,
    intermediate_size: 1152,
    num_hidden_layers: 22,
    num_attention_heads: 12,
    hidden_activation: 'gelu',
    max_position_embeddings: 8192,
    norm_eps: 1e-5,
    norm_bias: false,
    attention_bias: false,
    mlp_bias: false,
    decoder_bias: true,
    classifier_bias: false,
    classifier_activation: 'gelu',
    local_attention: 128,
    global_attn_every_n_layers: 3,
    tie_word_embeddings: true,
  },
  // sliding_window and heads of keys follow from others; the rest is of other tasks and of training.
  harmless: ['sliding_window', 'num_key_value_heads', 'initializer_cutoff_factor', 'mlp_dropout', 'classifier_pooling', 'layer_norm_eps', 'position_embedding_type', 'causal_mask', 'sparse_pred_ignore_index', 'sparse_prediction', 'is_causal', 'deterministic_flash_attn', 'gradient_checkpointing', 'local_rope_theta', 'global_rope_theta'], // prettier-ignore
  read(config) {
    const every = config.count('global_attn_every_n_layers');
    const slides = slidingLayers(config, (layer) => layer % every !== 0);
    const names = slides.map((each) => (each ? 'local' : 'global'));
    const used = [...new Set(names)];
    const bias = config.flag('norm_bias') ? undefined : 'none';
    return [
      modelSizes(config),
      block('norm ln = layer', { eps: config.number('norm_eps'), bias }),
      tokens(config, { norm: 'ln' }),
      ...used.map((name) => block(`mixer ${name} = gqa`, attentionKeys(config, name === 'local'))),
      gatedFfn(config, ffnBias(config), 'hidden_activation'),
      equations('first', `h = x + ${names[0]}(x)`, 'y = h + mlp(ln.ffn(h))'),
      equations('main(mix)', 'h = x + mix(ln.mix(x))', 'y = h + mlp(ln.ffn(h))'),
      stack(names.map((name, i) => (i === 0 ? 'first' : `main(${name})`))),
      block('head lm', {
        norm: 'ln',
        bias: config.flag('decoder_bias') ? true : undefined,
        transform: {
          act: activation(config, 'classifier_activation'),
          bias: config.flag('classifier_bias') ? true : undefined,
          norm: 'ln',
        },
      }),
      'weights hf = std.hf.modernbert_decoder',
    ];
  },
  write: (facts) => ({
    ...facts.sizes(),
    ...headJson(facts),
    num_attention_heads: facts.attention('heads', ({ heads }) => heads),
    num_key_value_heads: facts.attention('kv_heads', ({ kvHeads }) => kvHeads),
    ...localJson(facts),
    rope_parameters: layerRopeJson(facts),
    hidden_activation: activationName(facts.ffn('act', ({ act }) => act)),
    intermediate_size: facts.width,
    norm_eps: facts.eps,
    norm_bias: facts.model.head.norm?.bias ?? false,
    attention_bias: attentionBiased(facts),
    mlp_bias: ffnBiased(facts),
  }),
};

function attentionKeys(config: Config, isLocal: boolean): Keys {
  const ropes = layerRopes(config, {
    full: { theta: 160_000, thetaKey: 'global_rope_theta' },
    sliding: { theta: 10_000, thetaKey: 'local_rope_theta' },
  });
  const mask = isLocal ? windowMask(config, Math.floor(config.count('local_attention') / 2)) : undefined;
  const { heads } = headKeys(config);
  return { heads, mask, bias: attentionBias(config), rope: isLocal ? ropes.sliding : ropes.full };
}

/** @throws ConfigError when nothing stands between the final norm and the logits */
function headJson({ model: { head } }: ModelFacts): Json {
  if (head.transform === null) throw new ConfigError('its head has no transform');
  return {
    decoder_bias: head.bias,
    classifier_activation: activationName(head.transform.act),
    classifier_bias: head.transform.projection.bias,
  };
}

/** `sliding_window` is what transformers makes of local_attention. */
function localJson(facts: ModelFacts): Json {
  const windows = windowsOf(facts);
  const size = windows.find((each) => each !== null) ?? 64;
  const layer_types = windows.map((each) => (each === null ? 'full_attention' : 'sliding_attention'));
  return { local_attention: 2 * size, layer_types };
}
