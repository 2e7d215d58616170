// XGLM: sinusoidal positions from row 2 on, embeddings times the root of their width.
import { activation, activationName } from '../../activations.ts';
import type { Family } from '../../family.ts';
import { block, sizes, stack } from '../../statements.ts';
import { layerNorm, mlp } from './parts.ts';
import { countOf } from './spelling.ts';
import { wiring } from './wirings.ts';

export const xglm: Family = {
  modelType: 'xglm',
  architecture: 'XGLMForCausalLM',
  harmless: ['init_std'],
  dropped: [/\.embed_positions\.weights$/],
  read(config) {
    const dModel = countOf(config, ['d_model', 'hidden_size'], 1024);
    const layers = countOf(config, ['num_layers', 'num_hidden_layers'], 24);
    const heads = countOf(config, ['attention_heads', 'num_attention_heads'], 16);
    // The position on its row is 0 in transformers; rows 0 and 1 no position reads.
    config.only('pad_token_id', 0, 1);
    return [
      sizes(config.count('vocab_size', 256008), config.count('max_position_embeddings', 2048), dModel, layers),
      layerNorm(1e-5),
      block('embed token', {
        tie: config.flag('tie_word_embeddings', true) ? 'head' : undefined,
        scale: config.flag('scale_embedding', true) ? 'd_model ^ 0.5' : undefined,
        pos: 'sinusoidal { offset = 2; spacing = closed }',
      }),
      block('mixer attn = gqa', { heads, bias: 'all', rope: 'none' }),
      mlp(activation(config, 'activation_function', 'gelu'), config.count('ffn_dim', 4096), dModel, true),
      wiring('serial'),
      stack(Array.from({ length: layers }, () => 'main')),
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
