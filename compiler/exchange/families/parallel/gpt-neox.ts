// Takes: configs of GPT-NeoX and Pythia: attention and mlp side by side behind a norm each.
// Gives: their statements; and the config of a model.
// Promises: a quarter of each head turns unless they say otherwise.
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block } from '../../statements.ts';
import { attentionBiased, ffnJson } from '../common/json.ts';
import { attentionBias, modelSizes, tokens, uniformStack } from '../common/parts.ts';
import { layerNorm, plainFfn } from '../gpt/parts.ts';
import { wiring, wiringOf } from '../gpt/wirings.ts';
import { rotatingShare } from './partial-rope.ts';

export const gptNeox: Family = {
  modelType: 'gpt_neox',
  architecture: 'GPTNeoXForCausalLM',
  spellings: { rotary_emb_base: 'rope_theta', rotary_pct: 'partial_rotary_factor' },
  defaults: {
    vocab_size: 50432,
    max_position_embeddings: 2048,
    hidden_size: 6144,
    num_hidden_layers: 44,
    num_attention_heads: 64,
    intermediate_size: 24576,
    hidden_act: 'gelu',
    layer_norm_eps: 1e-5,
    use_parallel_residual: true,
    attention_bias: true,
    tie_word_embeddings: false,
  },
  harmless: ['attention_probs_dropout_prob', 'hidden_dropout_prob', 'num_key_value_heads'], // all heads have their own keys
  dropped: [/\.attention\.((masked_)?bias|rotary_emb\.inv_freq)$/],
  read: (config) => [
    modelSizes(config),
    layerNorm(config, 'layer_norm_eps'),
    tokens(config),
    block('mixer attn = gqa', {
      heads: config.count('num_attention_heads'),
      bias: attentionBias(config),
      rope: ropeKeys(config, { partial: 0.25 }),
    }),
    plainFfn(config, { act: 'hidden_act', width: 'intermediate_size' }),
    wiring(config.flag('use_parallel_residual') ? 'parallel_norms' : 'serial'),
    uniformStack(config),
    'head lm { norm = ln }',
    'weights hf = std.hf.neox',
  ],
  write: (facts) => ({
    ...facts.sizes(),
    ...ffnJson(facts),
    rope_parameters: facts.ropeJson()['rope_parameters'],
    // For versions of transformers before 5.
    rotary_emb_base: facts.rope().theta,
    rotary_pct: rotatingShare(facts),
    num_attention_heads: facts.attention('heads', ({ heads }) => heads),
    layer_norm_eps: facts.eps,
    attention_bias: attentionBiased(facts),
    use_parallel_residual: wiringOf(facts.model) !== 'serial',
  }),
};
