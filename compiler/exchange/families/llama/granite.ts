// Takes: a config of Granite 3: Llama with multipliers of embeddings, scores, branches and logits.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block, equations, numberText, unless } from '../../statements.ts';
import { attentionBiased, ffnBiased, usualJson } from '../common/json.ts';
import { attentionBias, ffnBias, gatedFfn, headKeys, modelSizes, rmsNorm, tokens, uniformStack } from '../common/parts.ts'; // prettier-ignore
import { branchFactor } from '../common/factors.ts';

export const granite: Family = {
  modelType: 'granite',
  architecture: 'GraniteForCausalLM',
  defaults: {
    vocab_size: 32000,
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: null,
    hidden_act: 'silu',
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: false,
    attention_bias: false,
    mlp_bias: false,
    embedding_multiplier: 1,
    logits_scaling: 1,
    residual_multiplier: 1,
    attention_multiplier: 1,
  },
  read(config) {
    const branch = config.number('residual_multiplier');
    const times = branch === 1 ? '' : `${numberText(branch)} * `;
    const divisor = config.number('logits_scaling');
    return [
      modelSizes(config),
      rmsNorm(config),
      tokens(config, { scale: unless(config.number('embedding_multiplier'), 1) }),
      block('mixer attn = gqa', {
        ...headKeys(config),
        scale: config.number('attention_multiplier'),
        bias: attentionBias(config),
        rope: ropeKeys(config),
      }),
      gatedFfn(config, ffnBias(config)),
      equations('main', `h = x + ${times}attn(rms.mix(x))`, `y = h + ${times}mlp(rms.ffn(h))`),
      uniformStack(config),
      block('head lm', { norm: 'rms', scale: divisor === 1 ? undefined : `1 / ${numberText(divisor)}` }),
      'weights hf = std.hf.llama',
    ];
  },
  write: (facts) => ({
    ...usualJson(facts),
    ...facts.ropeJson(),
    attention_bias: attentionBiased(facts),
    mlp_bias: ffnBiased(facts),
    embedding_multiplier: facts.model.embed.scale,
    logits_scaling: 1 / facts.model.head.scale,
    residual_multiplier: branchFactor(facts.model),
    attention_multiplier: facts.attention('scale', ({ scale }) => scale),
  }),
};
