// Takes: a config of Apertus: an mlp of xIELU, whose curvatures are learned, and norms of every query and key head.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import { ConfigError } from '../../config-error.ts';
import type { Config, Json } from '../../config.ts';
import type { Family } from '../../family.ts';
import type { ModelFacts } from '../../model-facts.ts';
import { ropeKeys } from '../../rope.ts';
import { block, type Keys } from '../../statements.ts';
import { activation } from '../../activations.ts';
import { attentionBiased } from '../common/json.ts';
import { attentionBias, headKeys, modelSizes, preNorm, rmsNorm, tokens, uniformStack } from '../common/parts.ts';

export const apertus: Family = {
  modelType: 'apertus',
  architecture: 'ApertusForCausalLM',
  defaults: {
    vocab_size: 131072,
    hidden_size: 4096,
    intermediate_size: 14336,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: null,
    hidden_act: 'xielu',
    max_position_embeddings: 65536,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: false,
    attention_bias: false,
    head_dim: null,
  },
  // Read by no code of the family.
  harmless: ['mlp_bias', 'pretraining_tp', 'qk_norm', 'post_norm'],
  read(config) {
    config.only('qk_norm', true);
    config.only('post_norm', false);
    config.only('mlp_bias', false);
    return [
      modelSizes(config),
      rmsNorm(config),
      tokens(config),
      block('mixer attn = gqa', {
        ...headKeys(config),
        bias: attentionBias(config),
        qk_norm: 'rms(per = head, before = rope)',
        rope: ropeOf(config),
      }),
      block('ffn mlp = mlp', { act: activation(config, 'hidden_act'), width: config.count('intermediate_size') }),
      preNorm('main', 'attn'),
      uniformStack(config),
      'head lm { norm = rms }',
      'weights hf = std.hf.apertus',
    ];
  },
  write: (facts) => ({
    ...facts.sizes(),
    ...facts.heads(),
    ...facts.ropeJson(),
    rms_norm_eps: facts.eps,
    hidden_act: actOf(facts),
    intermediate_size: facts.width,
    attention_bias: attentionBiased(facts),
  }),
};

/** Without parameters the config class has Llama 3's scaling. */
function ropeOf(config: Config): Keys {
  if (config.has('rope_parameters') || config.has('rope_scaling')) return ropeKeys(config, { theta: 12_000_000 });
  return { ...ropeKeys(config, { theta: 12_000_000 }), scaling: { '=': 'llama3', factor: 8, low: 1, high: 4, original: 8192 } }; // prettier-ignore
}

/** @throws ConfigError when the ffn has an activation without learned curvatures */
function actOf(facts: ModelFacts): Json['hidden_act'] {
  const act = facts.ffn('act', (spec) => spec.act);
  if (typeof act === 'string') throw new ConfigError(`its activation is ${act}, not xielu`);
  return act.kind;
}
