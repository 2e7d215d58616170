// Takes: configs of XGLM: sinusoidal positions from row 2 on, embeddings times the root of their width.
// Gives: their statements; and the config of a model.
// Promises: positions hold no weights.
import { activationName } from '../../activations.ts';
import type { Family } from '../../family.ts';
import { block } from '../../statements.ts';
import { modelSizes, tokens, uniformStack } from '../common/parts.ts';
import { plainFfn } from './parts.ts';
import { wiring } from './wirings.ts';

export const xglm: Family = {
  modelType: 'xglm',
  architecture: 'XGLMForCausalLM',
  spellings: { d_model: 'hidden_size', num_layers: 'num_hidden_layers', attention_heads: 'num_attention_heads' },
  defaults: {
    vocab_size: 256008,
    max_position_embeddings: 2048,
    hidden_size: 1024,
    num_hidden_layers: 24,
    num_attention_heads: 16,
    ffn_dim: 4096,
    activation_function: 'gelu',
    scale_embedding: true,
    tie_word_embeddings: true,
  },
  harmless: ['init_std'],
  dropped: [/\.embed_positions\.weights$/],
  read(config) {
    // The vector of the position on its row is 0 in transformers; rows 0 and 1 no position reads.
    config.only('pad_token_id', 0, 1);
    return [
      modelSizes(config),
      'norm ln = layer {}',
      tokens(config, {
        scale: config.flag('scale_embedding') ? 'd_model ^ 0.5' : undefined,
        pos: 'sinusoidal(offset = 2, spacing = closed)',
      }),
      block('mixer attn = gqa', { heads: config.count('num_attention_heads'), bias: 'all', rope: 'none' }),
      plainFfn(config, { act: 'activation_function', width: 'ffn_dim' }),
      wiring('serial'),
      uniformStack(config),
      'head lm { norm = ln }',
      'weights hf = std.hf.xglm',
    ];
  },
  write: (facts) => ({
    vocab_size: facts.model.vocab,
    max_position_embeddings: facts.model.context,
    d_model: facts.model.dModel,
    ffn_dim: facts.width,
    num_layers: facts.model.nLayers,
    attention_heads: facts.attention('heads', ({ heads }) => heads),
    activation_function: activationName(facts.ffn('act', ({ act }) => act)),
    scale_embedding: facts.model.embed.scale !== 1,
    tie_word_embeddings: facts.model.embed.tied,
  }),
};
