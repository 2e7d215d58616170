// StableLM: layer norm, SwiGLU, RoPE on a quarter of each head; the 12B has its branches side by side and norms each head.
import { activation, activationName } from '../../activations.ts';
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block, sizes, stack } from '../../statements.ts';
import { layerNorm, unless } from '../gpt/parts.ts';
import { wiring, wiringOf } from '../gpt/wirings.ts';
import { partialRopeJson } from './partial-rope.ts';
import { qkNorm } from './qk-norm.ts';

export const stablelm: Family = {
  modelType: 'stablelm',
  architecture: 'StableLmForCausalLM',
  dropped: [/\.rotary_emb\.inv_freq$/],
  read(config) {
    const [dModel, layers] = [config.count('hidden_size', 2560), config.count('num_hidden_layers', 32)];
    const heads = config.count('num_attention_heads', 32);
    const eps = config.number('layer_norm_eps', 1e-5);
    return [
      sizes(config.count('vocab_size', 50304), config.count('max_position_embeddings', 4096), dModel, layers),
      layerNorm(eps),
      block('embed token', { tie: config.flag('tie_word_embeddings', false) ? 'head' : undefined }),
      block('mixer attn = gqa', {
        heads,
        kv_heads: unless(config.count('num_key_value_heads', 32), heads),
        bias: config.flag('use_qkv_bias', false) ? '[q, k, v]' : undefined,
        qk_norm: config.flag('qk_layernorm', false) ? qkNorm(eps, { per: 'each_head' }) : undefined,
        rope: ropeKeys(config, { partial: 0.25 }),
      }),
      block('ffn mlp = glu', { act: activation(config, 'hidden_act', 'silu'), width: config.count('intermediate_size', 6912) }), // prettier-ignore
      wiring(config.flag('use_parallel_residual', false) ? 'parallel' : 'serial'),
      stack(Array.from({ length: layers }, () => 'main')),
      'head lm { norm = ln }',
      'weights hf = std.hf.stablelm',
    ];
  },
  write: (facts) => ({
    ...facts.sizes(),
    ...partialRopeJson(facts),
    num_attention_heads: facts.attention('heads', ({ heads }) => heads),
    num_key_value_heads: facts.attention('kv_heads', ({ kvHeads }) => kvHeads),
    layer_norm_eps: facts.eps,
    use_qkv_bias: facts.attention('bias', ({ q }) => q.bias),
    qk_layernorm: facts.attention('qk_norm', (spec) => spec.qkNorm !== null),
    use_parallel_residual: wiringOf(facts.model) !== 'serial',
    hidden_act: activationName(facts.ffn('act', ({ act }) => act)),
    intermediate_size: facts.width,
  }),
};
