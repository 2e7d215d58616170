// GPT-J: attention and mlp side by side behind one norm, interleaved RoPE on part of each head, a bias on the logits.
import { activation } from '../../activations.ts';
import type { Config } from '../../config.ts';
import type { Family } from '../../family.ts';
import type { ModelFacts } from '../../model-facts.ts';
import { block, sizes, stack } from '../../statements.ts';
import { layerNorm, mlp } from './parts.ts';
import { gptJson, gptSizes } from './spelling.ts';
import { wiring } from './wirings.ts';

export const gptj: Family = {
  modelType: 'gptj',
  architecture: 'GPTJForCausalLM',
  dropped: [/\.attn\.((masked_)?bias|embed_positions)$/],
  read: (config) => [...gptjStatements(config), 'weights hf = std.hf.gptj'],
  write: gptjJson,
};

/** All but the names of the tensors: CodeGen is the same function. */
export function gptjStatements(config: Config): string[] {
  const { vocab, context, dModel, layers, heads } = gptSizes(config, { vocab: 50400, context: 2048, dModel: 4096, layers: 28, heads: 16 }); // prettier-ignore
  config.only('rotary', true);
  config.only('scale_attn_weights', true);
  return [
    sizes(vocab, context, dModel, layers),
    layerNorm(config.number('layer_norm_epsilon', 1e-5)),
    block('embed token', { tie: config.flag('tie_word_embeddings', false) ? 'head' : undefined }),
    block('mixer attn = gqa', { heads, rope: { dim: config.count('rotary_dim', 64), pairing: 'interleaved' } }),
    mlp(activation(config, 'activation_function', 'gelu_new'), config.count('n_inner', 4 * dModel), dModel, true),
    wiring('parallel'),
    stack(Array.from({ length: layers }, () => 'main')),
    'head lm { norm = ln; bias = true }',
  ];
}

export function gptjJson(facts: ModelFacts): Readonly<Record<string, unknown>> {
  return { ...gptJson(facts), rotary_dim: facts.rope().dim };
}
