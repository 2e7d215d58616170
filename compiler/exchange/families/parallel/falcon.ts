// Takes: configs of Falcon: one key head and one norm (7B), groups of key heads and two norms (40B) or one (11B), serial with linear
// biases (RW). Gives: their statements; and the config of a model.
// Promises: settings on which transformers would fail are refused.
import { activationName } from '../../activations.ts';
import type { Config, Json } from '../../config.ts';
import type { Family } from '../../family.ts';
import type { ModelFacts } from '../../model-facts.ts';
import { ropeKeys } from '../../rope.ts';
import { block, unless, type Keys } from '../../statements.ts';
import { attentionBiased } from '../common/json.ts';
import { modelSizes, tokens, uniformStack } from '../common/parts.ts';
import { layerNorm, plainFfn } from '../gpt/parts.ts';
import { wiring, wiringOf, type Wiring } from '../gpt/wirings.ts';

export const falcon: Family = {
  modelType: 'falcon',
  architecture: 'FalconForCausalLM',
  spellings: { n_embed: 'hidden_size' },
  defaults: {
    vocab_size: 65024,
    max_position_embeddings: 2048,
    hidden_size: 4544,
    num_hidden_layers: 32,
    num_attention_heads: 71,
    num_kv_heads: null,
    new_decoder_architecture: false,
    num_ln_in_parallel_attn: null,
    parallel_attn: true,
    multi_query: true,
    alibi: false,
    bias: false,
    layer_norm_epsilon: 1e-5,
    activation: 'gelu',
    ffn_hidden_size: null,
    tie_word_embeddings: true,
  },
  dropped: [/\.rotary(_emb)?\.inv_freq$/],
  read(config) {
    const hasBias = config.flag('bias');
    const wired = wiringOfConfig(config);
    config.only('apply_residual_connection_post_layernorm', false);
    return [
      modelSizes(config),
      layerNorm(config, 'layer_norm_epsilon'),
      tokens(config),
      block('mixer attn = gqa', { ...heads(config), bias: hasBias ? 'all' : undefined, ...positions(config) }),
      plainFfn(config, { act: 'activation', width: 'ffn_hidden_size', hasBias }),
      wiring(wired),
      uniformStack(config),
      'head lm { norm = ln }',
      `weights hf = std.hf.${wired === 'parallel_norms' ? 'falcon_40b' : 'falcon'}`,
    ];
  },
  write: (facts) => ({
    ...facts.sizes(),
    ...(facts.mixers.some(({ rope }) => rope !== null) ? facts.ropeJson() : {}),
    ...layoutJson(facts),
    num_attention_heads: facts.attention('heads', (spec) => spec.heads),
    alibi: facts.attention('pos', (spec) => spec.alibi !== null),
    bias: attentionBiased(facts),
    layer_norm_epsilon: facts.eps,
    activation: activationName(facts.ffn('act', ({ act }) => act)),
    ffn_hidden_size: facts.width,
  }),
};

/** Other settings than these crash in transformers. */
function wiringOfConfig(config: Config): Wiring {
  if (config.flag('new_decoder_architecture')) {
    config.only('parallel_attn', true);
    config.only('num_ln_in_parallel_attn', 1, 2);
    return (config.countOrNull('num_ln_in_parallel_attn') ?? 2) === 2 ? 'parallel_norms' : 'parallel';
  }
  const isParallel = config.flag('parallel_attn');
  if (isParallel) config.only('num_ln_in_parallel_attn', 1);
  else config.passOver('num_ln_in_parallel_attn');
  return isParallel ? 'parallel' : 'serial';
}

function heads(config: Config): Keys {
  const all = config.count('num_attention_heads');
  return { heads: all, kv_heads: unless(keyHeads(config, all), all) };
}

function keyHeads(config: Config, all: number): number {
  const isMultiQuery = config.flag('multi_query');
  if (config.flag('new_decoder_architecture')) return config.countOrNull('num_kv_heads') ?? all;
  if (isMultiQuery) config.passOver('num_kv_heads');
  else config.only('num_kv_heads', all);
  return isMultiQuery ? 1 : all;
}

/** Linear biases take the place of the rotation; slopes, positions and bias are bfloat16, and scaled as scores are. */
function positions(config: Config): Keys {
  if (!config.flag('alibi')) return { rope: ropeKeys(config) };
  config.passOver('rope_theta', 'rope_scaling');
  config.group('rope_parameters')?.passOverAll();
  return { rope: 'none', pos: { '=': 'alibi', scaled: true, round: 'bf16' } };
}

/** What tells 7B, 40B and RW apart. */
function layoutJson(facts: ModelFacts): Json {
  const wired = wiringOf(facts.model);
  const keys = facts.attention('kv_heads', ({ kvHeads }) => kvHeads);
  const all = facts.attention('heads', (spec) => spec.heads);
  const isNew = wired === 'parallel_norms' || (keys !== 1 && keys !== all);
  return {
    new_decoder_architecture: isNew,
    num_ln_in_parallel_attn: isNew ? (wired === 'parallel_norms' ? 2 : 1) : null,
    parallel_attn: wired !== 'serial',
    multi_query: keys === 1 && !isNew,
    num_kv_heads: keys,
  };
}
