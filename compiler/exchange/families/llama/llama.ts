// Llama 2 and 3, and what keeps to it: pre-norm, RoPE on halves, SwiGLU.
import { activation, activationName } from '../../activations.ts';
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block, equations, sizes, stack } from '../../statements.ts';

export const llama: Family = {
  modelType: 'llama',
  architecture: 'LlamaForCausalLM',
  harmless: ['pretraining_tp'], // how products are cut, not what they give
  dropped: [/\.rotary_emb\.inv_freq$/],
  read(config) {
    const [dModel, heads, layers] = [config.count('hidden_size'), config.count('num_attention_heads'), config.count('num_hidden_layers')]; // prettier-ignore
    return [
      sizes(config.count('vocab_size'), config.count('max_position_embeddings', 2048), dModel, layers),
      block('norm rms', { eps: config.number('rms_norm_eps', 1e-6) }),
      block('embed token', { tie: config.flag('tie_word_embeddings', false) ? 'head' : undefined }),
      block('mixer attn = gqa', {
        heads,
        kv_heads: config.count('num_key_value_heads', heads),
        head_dim: config.count('head_dim', dModel / heads),
        bias: config.flag('attention_bias', false) ? '[q, k, v, o]' : undefined,
        rope: ropeKeys(config),
      }),
      block('ffn mlp = glu', {
        act: activation(config, 'hidden_act', 'silu'),
        width: config.count('intermediate_size'),
        bias: config.flag('mlp_bias', false) ? '[gate, up, down]' : undefined,
      }),
      equations('main', 'h = x + attn(rms.mix(x))', 'y = h + mlp(rms.ffn(h))'),
      stack(Array.from({ length: layers }, () => 'main')),
      'head lm { norm = rms }',
      'weights hf = std.hf.llama',
    ];
  },
  write: (facts) => ({
    ...facts.sizes(),
    ...facts.heads(),
    ...facts.ropeJson(),
    rms_norm_eps: facts.eps,
    attention_bias: facts.attention('bias', ({ q }) => q.bias),
    hidden_act: activationName(facts.ffn('act', ({ act }) => act)),
    intermediate_size: facts.width,
    mlp_bias: facts.ffn('bias', ({ up }) => up.bias),
  }),
};
