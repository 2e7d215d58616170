// Takes: a config of Command-R and Command-R+: attention and ffn side by side behind one norm, RoPE on neighbours, scaled logits.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block, equations } from '../../statements.ts';
import { attentionBiased, ffnJson } from '../common/json.ts';
import { attentionBias, gatedFfn, headKeys, modelSizes, tokens, uniformStack } from '../common/parts.ts';

export const cohere: Family = {
  modelType: 'cohere',
  architecture: 'CohereForCausalLM',
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
    use_qk_norm: false,
    head_dim: null,
  },
  read(config) {
    const norm = { eps: config.number('layer_norm_eps'), bias: 'none', cast: 'after_gain' };
    return [
      modelSizes(config),
      block('norm ln = layer', norm),
      tokens(config),
      block('mixer attn = gqa', {
        ...headKeys(config),
        bias: attentionBias(config),
        qk_norm: config.flag('use_qk_norm') ? { '=': 'layer', ...norm, per: 'each_head', before: 'rope' } : undefined,
        rope: ropeKeys(config, { theta: 500_000, pairing: 'interleaved' }),
      }),
      gatedFfn(config),
      equations('main', 'y = x + attn(ln.mix(x)) + mlp(ln.mix(x))'),
      uniformStack(config),
      block('head lm', { norm: 'ln', scale: config.number('logit_scale') }),
      'weights hf = std.hf.llama',
    ];
  },
  write: (facts) => ({
    ...facts.sizes(),
    ...facts.heads(),
    ...ffnJson(facts),
    ...facts.ropeJson(),
    layer_norm_eps: facts.eps,
    logit_scale: facts.model.head.scale,
    attention_bias: attentionBiased(facts),
    use_qk_norm: facts.attention('qk_norm', ({ qkNorm }) => qkNorm !== null),
  }),
};
