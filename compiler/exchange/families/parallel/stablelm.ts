// Takes: configs of StableLM: layer norm, SwiGLU, RoPE on a quarter of each head.
// Gives: their statements; and the config of a model.
// Promises: the 12B has its branches side by side and a norm for each head of queries and keys.
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block, unless } from '../../statements.ts';
import { attentionBiased, ffnJson } from '../common/json.ts';
import { gatedFfn, modelSizes, tokens, uniformStack } from '../common/parts.ts';
import { layerNorm } from '../gpt/parts.ts';
import { wiring, wiringOf } from '../gpt/wirings.ts';
import { partialRopeJson } from './partial-rope.ts';
import { hasQkNorm, qkNorm } from './qk-norm.ts';

export const stablelm: Family = {
  modelType: 'stablelm',
  architecture: 'StableLmForCausalLM',
  defaults: {
    vocab_size: 50304,
    max_position_embeddings: 4096,
    hidden_size: 2560,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 32,
    intermediate_size: 6912,
    hidden_act: 'silu',
    layer_norm_eps: 1e-5,
    use_qkv_bias: false,
    qk_layernorm: false,
    use_parallel_residual: false,
    tie_word_embeddings: false,
  },
  dropped: [/\.rotary_emb\.inv_freq$/],
  read(config) {
    const heads = config.count('num_attention_heads');
    return [
      modelSizes(config),
      layerNorm(config, 'layer_norm_eps'),
      tokens(config),
      block('mixer attn = gqa', {
        heads,
        kv_heads: unless(config.count('num_key_value_heads'), heads),
        bias: config.flag('use_qkv_bias') ? '[q, k, v]' : undefined,
        qk_norm: qkNorm(config, { per: 'each_head' }),
        rope: ropeKeys(config, { partial: 0.25 }),
      }),
      gatedFfn(config),
      wiring(config.flag('use_parallel_residual') ? 'parallel' : 'serial'),
      uniformStack(config),
      'head lm { norm = ln }',
      'weights hf = std.hf.stablelm',
    ];
  },
  write: (facts) => ({
    ...facts.sizes(),
    num_attention_heads: facts.attention('heads', ({ heads }) => heads),
    num_key_value_heads: facts.attention('kv_heads', ({ kvHeads }) => kvHeads),
    ...ffnJson(facts),
    ...partialRopeJson(facts),
    layer_norm_eps: facts.eps,
    use_qkv_bias: attentionBiased(facts),
    qk_layernorm: hasQkNorm(facts),
    use_parallel_residual: wiringOf(facts.model) !== 'serial',
  }),
};
