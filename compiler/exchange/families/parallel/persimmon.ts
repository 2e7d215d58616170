// Persimmon: squared ReLU, queries and keys normed, the three of each head in turn in one matrix.
import { activation, activationName } from '../../activations.ts';
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block, sizes, stack } from '../../statements.ts';
import { layerNorm, mlp } from '../gpt/parts.ts';
import { wiring } from '../gpt/wirings.ts';
import { partialRopeJson } from './partial-rope.ts';
import { qkNorm } from './qk-norm.ts';

export const persimmon: Family = {
  modelType: 'persimmon',
  architecture: 'PersimmonForCausalLM',
  dropped: [/\.rotary_emb\.inv_freq$/],
  read(config) {
    const [dModel, layers] = [config.count('hidden_size', 4096), config.count('num_hidden_layers', 36)];
    const heads = config.count('num_attention_heads', 64);
    const eps = config.number('layer_norm_eps', 1e-5);
    config.only('num_key_value_heads', heads);
    return [
      sizes(config.count('vocab_size', 262144), config.count('max_position_embeddings', 16384), dModel, layers),
      layerNorm(eps),
      block('embed token', { tie: config.flag('tie_word_embeddings', false) ? 'head' : undefined }),
      block('mixer attn = gqa', {
        heads,
        bias: 'all',
        qk_norm: config.flag('qk_layernorm', true) ? qkNorm(eps, { bias: true }) : undefined,
        rope: ropeKeys(config, { partial: 0.5 }),
      }),
      mlp(activation(config, 'hidden_act', 'relu2'), config.count('intermediate_size', 16384), dModel, true),
      wiring('serial'),
      stack(Array.from({ length: layers }, () => 'main')),
      'head lm { norm = ln }',
      'weights hf = std.hf.persimmon',
    ];
  },
  write: (facts) => ({
    ...facts.sizes(),
    ...partialRopeJson(facts),
    num_attention_heads: facts.attention('heads', ({ heads }) => heads),
    layer_norm_eps: facts.eps,
    qk_layernorm: facts.attention('qk_norm', (spec) => spec.qkNorm !== null),
    hidden_act: activationName(facts.ffn('act', ({ act }) => act)),
    intermediate_size: facts.width,
  }),
};
