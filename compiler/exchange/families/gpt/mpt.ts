// MPT: linear biases for positions, no bias anywhere. Read as transformers computes it, which overlooks several keys.
import type { Family } from '../../family.ts';
import type { ModelFacts } from '../../model-facts.ts';
import { block, sizes, stack } from '../../statements.ts';
import { mlp, unless } from './parts.ts';
import { countOf } from './spelling.ts';
import { wiring } from './wirings.ts';

export const mpt: Family = {
  modelType: 'mpt',
  architecture: 'MptForCausalLM',
  harmless: [
    'init_device', 'init_config', 'embedding_fraction', 'emb_pdrop', 'norm_type', 'fc_type', 'attn_impl', 'tokenizer_name', 'verbose',
    'learned_pos_emb', // only where there are no linear biases
    'expansion_ratio', // always 4; tensors of another width are told by their shape
  ], // prettier-ignore
  read(config) {
    const dModel = countOf(config, ['d_model', 'hidden_size'], 2048);
    const layers = countOf(config, ['n_layers', 'num_hidden_layers'], 24);
    config.only('no_bias', true);
    config.only('logit_scale', 1);
    const attn = config.group('attn_config');
    attn?.only('attn_type', 'multihead_attention');
    attn?.only('alibi', true);
    attn?.only('alibi_bias_max', 8);
    for (const key of ['prefix_lm', 'qk_ln', 'attn_uses_sequence_id', 'rope']) attn?.only(key, false);
    const optional = (key: string): number | undefined => (attn?.has(key) ? attn.number(key) : undefined);
    return [
      sizes(config.count('vocab_size', 50368), config.count('max_seq_len', 2048), dModel, layers),
      block('norm ln = layer', { eps: unless(config.number('layer_norm_epsilon', 1e-5), 1e-5), bias: 'none' }),
      block('embed token', { tie: config.flag('tie_word_embeddings', true) ? 'head' : undefined }),
      block('mixer attn = gqa', {
        heads: countOf(config, ['n_heads', 'num_attention_heads'], 16),
        scale: optional('softmax_scale'),
        rope: 'none',
        pos: 'alibi',
        clip_qkv: optional('clip_qkv'),
      }),
      mlp('gelu', 4 * dModel, dModel, false),
      wiring('serial'),
      stack(Array.from({ length: layers }, () => 'main')),
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

function attentionJson(facts: ModelFacts): Readonly<Record<string, unknown>> {
  const scale = facts.attention('scale', (spec) => spec.scale);
  const headDim = facts.attention('head_dim', (spec) => spec.headDim);
  return {
    clip_qkv: facts.attention('clip_qkv', ({ clipQkv }) => clipQkv),
    softmax_scale: scale === headDim ** -0.5 ? null : scale,
  };
}
