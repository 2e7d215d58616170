// Takes: configs of StarCoder2: RoPE, grouped queries, a sliding window, plain mlps with biases.
// Gives: their statements; and the config of a model.
// Promises: every layer has the window, or none.
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block } from '../../statements.ts';
import { attentionBiased, ffnJson } from '../common/json.ts';
import { headKeys, modelSizes, tokens, uniformStack } from '../common/parts.ts';
import { windowMask, windowOf } from '../common/windows.ts';
import { layerNorm, plainFfn } from '../gpt/parts.ts';
import { wiring } from '../gpt/wirings.ts';

export const starcoder2: Family = {
  modelType: 'starcoder2',
  architecture: 'Starcoder2ForCausalLM',
  defaults: {
    vocab_size: 49152,
    max_position_embeddings: 4096,
    hidden_size: 3072,
    num_hidden_layers: 30,
    num_attention_heads: 24,
    num_key_value_heads: 2,
    intermediate_size: 12288,
    hidden_act: 'gelu_pytorch_tanh',
    norm_epsilon: 1e-5,
    sliding_window: null,
    use_bias: true,
    tie_word_embeddings: true,
  },
  harmless: [
    'residual_dropout', 'attention_softmax_in_fp32', 'scale_attention_softmax_in_fp32',
    'layer_norm_epsilon', 'activation_function', // norm_epsilon and hidden_act are read
  ], // prettier-ignore
  read(config) {
    const [hasBias, window] = [config.flag('use_bias'), config.countOrNull('sliding_window')];
    config.only('mlp_type', 'default');
    config.only('norm_type', 'layer_norm');
    config.only('scale_attn_weights', true);
    return [
      modelSizes(config),
      layerNorm(config, 'norm_epsilon'),
      tokens(config),
      block('mixer attn = gqa', {
        ...headKeys(config),
        mask: windowMask(config, window),
        bias: hasBias ? 'all' : undefined,
        rope: ropeKeys(config),
      }),
      plainFfn(config, { act: 'hidden_act', width: 'intermediate_size', hasBias }),
      wiring('serial'),
      uniformStack(config),
      'head lm { norm = ln }',
      'weights hf = std.hf.starcoder2',
    ];
  },
  write: (facts) => ({
    ...facts.sizes(),
    ...facts.heads(),
    ...ffnJson(facts),
    ...facts.ropeJson(),
    norm_epsilon: facts.eps,
    sliding_window: facts.attention('mask', ({ mask }) => windowOf(mask)),
    use_bias: attentionBiased(facts),
  }),
};
