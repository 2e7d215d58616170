// Takes: a config of Phi-3 and Phi-4-mini: Llama with joined projections, part of each head turning, LongRoPE, a window in every layer.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Config } from '../../config.ts';
import { ConfigError } from '../../config-error.ts';
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block, type Keys } from '../../statements.ts';
import { usualJson } from '../common/json.ts';
import { gatedFfn, headKeys, modelSizes, preNorm, rmsNorm, tokens, uniformStack } from '../common/parts.ts';
import { windowMask, windowOf } from '../common/windows.ts';

export const phi3: Family = {
  modelType: 'phi3',
  architecture: 'Phi3ForCausalLM',
  defaults: {
    vocab_size: 32064,
    hidden_size: 3072,
    intermediate_size: 8192,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: null,
    hidden_act: 'silu',
    max_position_embeddings: 4096,
    original_max_position_embeddings: 4096,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: false,
    sliding_window: null,
  },
  read(config) {
    for (const key of ['attention_bias', 'mlp_bias', 'lm_head_bias']) config.only(key, false);
    for (const key of ['full_attn_mod', 'interpolate_factor']) config.only(key, 1);
    const mask = windowMask(config, config.countOrNull('sliding_window'));
    return [
      modelSizes(config),
      rmsNorm(config),
      tokens(config),
      block('mixer attn = gqa', { ...headKeys(config), mask, rope: longRope(config) }),
      gatedFfn(config),
      preNorm('main', 'attn'),
      uniformStack(config),
      'head lm { norm = rms }',
      'weights hf = std.hf.phi3',
    ];
  },
  write(facts) {
    const { scaling } = facts.rope();
    return {
      ...usualJson(facts),
      ...facts.ropeJson(),
      original_max_position_embeddings: scaling.kind === 'longrope' ? scaling.original : facts.model.context,
      sliding_window: facts.attention('mask', ({ mask }) => windowOf(mask)),
    };
  },
};

/** No other scaling than LongRoPE, whose original context stands at the top. @throws ConfigError */
function longRope(config: Config): Keys {
  const rope = ropeKeys(config, { partial: 1 });
  config.passOver('original_max_position_embeddings');
  const { scaling } = rope;
  const kind = typeof scaling === 'object' ? scaling['='] : undefined;
  if (kind === undefined || kind === 'longrope') return rope;
  throw new ConfigError(`rope scaling ${JSON.stringify(kind)} is not one that model_type phi3 has; longrope is`);
}
