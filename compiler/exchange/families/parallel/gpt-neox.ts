// GPT-NeoX, Pythia: attention and mlp side by side behind a norm each, RoPE on a quarter of each head.
import { activation, activationName } from '../../activations.ts';
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block, sizes, stack } from '../../statements.ts';
import { layerNorm, mlp } from '../gpt/parts.ts';
import { wiring, wiringOf } from '../gpt/wirings.ts';
import { rotatingShare } from './partial-rope.ts';

export const gptNeox: Family = {
  modelType: 'gpt_neox',
  architecture: 'GPTNeoXForCausalLM',
  harmless: ['attention_probs_dropout_prob', 'hidden_dropout_prob', 'num_key_value_heads'], // every head has its own keys
  dropped: [/\.attention\.((masked_)?bias|rotary_emb\.inv_freq)$/],
  read(config) {
    const [dModel, layers] = [config.count('hidden_size', 6144), config.count('num_hidden_layers', 44)];
    const isParallel = config.flag('use_parallel_residual', true);
    return [
      sizes(config.count('vocab_size', 50432), config.count('max_position_embeddings', 2048), dModel, layers),
      layerNorm(config.number('layer_norm_eps', 1e-5)),
      block('embed token', { tie: config.flag('tie_word_embeddings', false) ? 'head' : undefined }),
      block('mixer attn = gqa', {
        heads: config.count('num_attention_heads', 64),
        bias: config.flag('attention_bias', true) ? 'all' : undefined,
        rope: ropeKeys(config, { theta: config.number('rotary_emb_base', 10_000), partial: config.number('rotary_pct', 0.25) }), // prettier-ignore
      }),
      mlp(activation(config, 'hidden_act', 'gelu'), config.count('intermediate_size', 24576), dModel, true),
      wiring(isParallel ? 'parallel_norms' : 'serial'),
      stack(Array.from({ length: layers }, () => 'main')),
      'head lm { norm = ln }',
      'weights hf = std.hf.neox',
    ];
  },
  write: (facts) => ({
    ...facts.sizes(),
    ...facts.ropeJson(),
    // For versions of transformers before 5.
    rotary_emb_base: facts.rope().theta,
    rotary_pct: rotatingShare(facts),
    num_attention_heads: facts.attention('heads', ({ heads }) => heads),
    layer_norm_eps: facts.eps,
    attention_bias: facts.attention('bias', ({ q }) => q.bias),
    hidden_act: activationName(facts.ffn('act', ({ act }) => act)),
    intermediate_size: facts.width,
    use_parallel_residual: wiringOf(facts.model) !== 'serial',
  }),
};
