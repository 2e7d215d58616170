// Takes: configs of MPT: linear biases for positions, no bias anywhere. Gives: their statements; and the config of a model.
// Promises: read as transformers computes it, which overlooks several keys.
import type { Config, Json } from '../../config.ts';
import type { Family } from '../../family.ts';
import type { ModelFacts } from '../../model-facts.ts';
import { block, type Keys } from '../../statements.ts';
import { modelSizes, tokens, uniformStack } from '../common/parts.ts';
import { layerNorm } from './parts.ts';
import { wiring } from './wirings.ts';

export const mpt: Family = {
  modelType: 'mpt',
  architecture: 'MptForCausalLM',
  spellings: { d_model: 'hidden_size', n_layers: 'num_hidden_layers', n_heads: 'num_attention_heads', max_seq_len: 'max_position_embeddings' }, // prettier-ignore
  defaults: {
    vocab_size: 50368,
    max_position_embeddings: 2048,
    hidden_size: 2048,
    num_hidden_layers: 24,
    num_attention_heads: 16,
    layer_norm_epsilon: 1e-5,
    tie_word_embeddings: true,
  },
  harmless: [
    'init_device', 'init_config', 'embedding_fraction', 'emb_pdrop', 'norm_type', 'fc_type', 'attn_impl', 'tokenizer_name', 'verbose',
    'learned_pos_emb', // only without linear biases
    'expansion_ratio', // always 4; tensors of another width are told by their shape
  ], // prettier-ignore
  read(config) {
    config.only('no_bias', true);
    config.only('logit_scale', 1);
    return [
      modelSizes(config),
      layerNorm(config, 'layer_norm_epsilon', { bias: 'none' }),
      tokens(config),
      block('mixer attn = gqa', {
        heads: config.count('num_attention_heads'),
        ...attention(config),
        rope: 'none',
        pos: 'alibi',
      }),
      'ffn mlp = mlp { act = gelu }',
      wiring('serial'),
      uniformStack(config),
      'head lm { norm = ln }',
      'weights hf = std.hf.mpt',
    ];
  },
  write: (facts) => ({
    vocab_size: facts.model.vocab,
    max_seq_len: facts.model.context,
    d_model: facts.model.dModel,
    n_layers: facts.model.nLayers,
    n_heads: facts.attention('heads', ({ heads }) => heads),
    layer_norm_epsilon: facts.eps,
    tie_word_embeddings: facts.model.embed.tied,
    attn_config: attentionJson(facts),
  }),
};

function attention(config: Config): Keys {
  const group = config.group('attn_config');
  if (group === null) return {};
  group.only('attn_type', 'multihead_attention');
  group.only('alibi', true);
  group.only('alibi_bias_max', 8);
  for (const key of ['prefix_lm', 'qk_ln', 'attn_uses_sequence_id', 'rope']) group.only(key, false);
  return {
    scale: group.numberOrNull('softmax_scale') ?? undefined,
    clip_qkv: group.numberOrNull('clip_qkv') ?? undefined,
  };
}

function attentionJson(facts: ModelFacts): Json {
  const scale = facts.attention('scale', (spec) => spec.scale);
  const headDim = facts.attention('head_dim', (spec) => spec.headDim);
  return {
    clip_qkv: facts.attention('clip_qkv', ({ clipQkv }) => clipQkv),
    softmax_scale: scale === headDim ** -0.5 ? null : scale,
  };
}
