// Phi-1, 1.5 and 2: attention and mlp side by side behind one norm, a bias on the logits.
import { activation, activationName } from '../../activations.ts';
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block, sizes, stack } from '../../statements.ts';
import { layerNorm, mlp, unless } from '../gpt/parts.ts';
import { wiring } from '../gpt/wirings.ts';
import { partialRopeJson } from './partial-rope.ts';
import { qkNorm } from './qk-norm.ts';

export const phi: Family = {
  modelType: 'phi',
  architecture: 'PhiForCausalLM',
  dropped: [/\.rotary_emb\.inv_freq$/],
  read(config) {
    const [dModel, layers] = [config.count('hidden_size', 2048), config.count('num_hidden_layers', 24)];
    const heads = config.count('num_attention_heads', 32);
    const eps = config.number('layer_norm_eps', 1e-5);
    return [
      sizes(config.count('vocab_size', 51200), config.count('max_position_embeddings', 2048), dModel, layers),
      layerNorm(eps),
      block('embed token', { tie: config.flag('tie_word_embeddings', false) ? 'head' : undefined }),
      block('mixer attn = gqa', {
        heads,
        kv_heads: unless(config.count('num_key_value_heads', heads), heads),
        bias: 'all',
        qk_norm: config.flag('qk_layernorm', false) ? qkNorm(eps, { bias: true }) : undefined,
        rope: ropeKeys(config, { partial: 0.5 }),
      }),
      mlp(activation(config, 'hidden_act', 'gelu_new'), config.count('intermediate_size', 8192), dModel, true),
      wiring('parallel'),
      stack(Array.from({ length: layers }, () => 'main')),
      'head lm { norm = ln; bias = true }',
      'weights hf = std.hf.phi',
    ];
  },
  write: (facts) => ({
    ...facts.sizes(),
    ...partialRopeJson(facts),
    num_attention_heads: facts.attention('heads', ({ heads }) => heads),
    num_key_value_heads: facts.attention('kv_heads', ({ kvHeads }) => kvHeads),
    layer_norm_eps: facts.eps,
    qk_layernorm: facts.attention('qk_norm', (spec) => spec.qkNorm !== null),
    hidden_act: activationName(facts.ffn('act', ({ act }) => act)),
    intermediate_size: facts.width,
  }),
};
