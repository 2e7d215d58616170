// Takes: a config of ERNIE 4.5: Llama with RoPE on neighbours; biases everywhere or nowhere.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block } from '../../statements.ts';
import { attentionBiased, usualJson } from '../common/json.ts';
import { gatedFfn, headKeys, modelSizes, preNorm, rmsNorm, tokens, uniformStack } from '../common/parts.ts';

export const ernie45: Family = {
  modelType: 'ernie4_5',
  architecture: 'Ernie4_5ForCausalLM',
  defaults: {
    vocab_size: 103424,
    hidden_size: 1024,
    intermediate_size: 3072,
    num_hidden_layers: 18,
    num_attention_heads: 16,
    num_key_value_heads: 2,
    hidden_act: 'silu',
    max_position_embeddings: 131072,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: true,
    use_bias: false,
    head_dim: 128,
  },
  read(config) {
    const bias = config.flag('use_bias', false) ? 'all' : undefined;
    return [
      modelSizes(config),
      rmsNorm(config),
      tokens(config),
      block('mixer attn = gqa', {
        ...headKeys(config),
        bias,
        rope: ropeKeys(config, { theta: 500_000, pairing: 'interleaved' }),
      }),
      gatedFfn(config, { bias }),
      preNorm('main', 'attn'),
      uniformStack(config),
      'head lm { norm = rms }',
      'weights hf = std.hf.llama',
    ];
  },
  write: (facts) => ({ ...usualJson(facts), ...facts.ropeJson(), use_bias: attentionBiased(facts) }),
};
