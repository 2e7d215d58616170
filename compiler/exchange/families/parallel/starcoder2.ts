// StarCoder2: RoPE, grouped queries, a sliding window, plain mlps with biases.
import type { MaskSpec } from '../../../2-check/model.ts';
import { activation, activationName } from '../../activations.ts';
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block, sizes, stack } from '../../statements.ts';
import { layerNorm, mlp, unless } from '../gpt/parts.ts';
import { wiring } from '../gpt/wirings.ts';

export const starcoder2: Family = {
  modelType: 'starcoder2',
  architecture: 'Starcoder2ForCausalLM',
  harmless: [
    'residual_dropout', 'attention_softmax_in_fp32', 'scale_attention_softmax_in_fp32',
    'layer_norm_epsilon', 'activation_function', // norm_epsilon and hidden_act are what is read
  ], // prettier-ignore
  read(config) {
    const [dModel, layers] = [config.count('hidden_size', 3072), config.count('num_hidden_layers', 30)];
    const heads = config.count('num_attention_heads', 24);
    const hasBias = config.flag('use_bias', true);
    config.only('mlp_type', 'default');
    config.only('norm_type', 'layer_norm');
    config.only('scale_attn_weights', true);
    return [
      sizes(config.count('vocab_size', 49152), config.count('max_position_embeddings', 4096), dModel, layers),
      layerNorm(config.number('norm_epsilon', 1e-5)),
      block('embed token', { tie: config.flag('tie_word_embeddings', true) ? 'head' : undefined }),
      block('mixer attn = gqa', {
        heads,
        kv_heads: unless(config.count('num_key_value_heads', 2), heads),
        head_dim: unless(config.count('head_dim', dModel / heads), dModel / heads),
        mask: config.has('sliding_window') ? `causal & window(${config.count('sliding_window')})` : undefined,
        bias: hasBias ? 'all' : undefined,
        rope: ropeKeys(config),
      }),
      mlp(activation(config, 'hidden_act', 'gelu_pytorch_tanh'), config.count('intermediate_size', 12288), dModel, hasBias), // prettier-ignore
      wiring('serial'),
      stack(Array.from({ length: layers }, () => 'main')),
      'head lm { norm = ln }',
      'weights hf = std.hf.starcoder2',
    ];
  },
  write: (facts) => ({
    ...facts.sizes(),
    ...facts.heads(),
    ...facts.ropeJson(),
    norm_epsilon: facts.eps,
    sliding_window: facts.attention('mask', ({ mask }) => windowOf(mask)),
    use_bias: facts.attention('bias', ({ q }) => q.bias),
    hidden_act: activationName(facts.ffn('act', ({ act }) => act)),
    intermediate_size: facts.width,
  }),
};

function windowOf(mask: MaskSpec): number | null {
  const window = mask.kind === 'all' ? mask.parts.find(({ kind }) => kind === 'window') : mask;
  return window?.kind === 'window' ? window.size : null;
}
