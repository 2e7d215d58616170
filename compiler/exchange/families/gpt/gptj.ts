// Takes: configs of GPT-J: attention and mlp side by side behind one norm, interleaved RoPE on part of each head.
// Gives: their statements; and the config of a model.
// Promises: logits have a bias, tied or not.
import type { Config, Json } from '../../config.ts';
import type { Family } from '../../family.ts';
import type { ModelFacts } from '../../model-facts.ts';
import { block } from '../../statements.ts';
import { modelSizes, tokens, uniformStack } from '../common/parts.ts';
import { gptJson, gptSpellings } from './gpt-keys.ts';
import { layerNorm, plainFfn } from './parts.ts';
import { wiring } from './wirings.ts';

export const gptjDefaults = {
  vocab_size: 50400,
  max_position_embeddings: 2048,
  hidden_size: 4096,
  num_hidden_layers: 28,
  num_attention_heads: 16,
  rotary_dim: 64,
  n_inner: null,
  activation_function: 'gelu_new',
  layer_norm_epsilon: 1e-5,
  tie_word_embeddings: false,
} as const;

export const gptj: Family = {
  modelType: 'gptj',
  architecture: 'GPTJForCausalLM',
  spellings: gptSpellings,
  defaults: gptjDefaults,
  dropped: [/\.attn\.((masked_)?bias|embed_positions)$/],
  read: (config) => [...gptjStatements(config), 'weights hf = std.hf.gptj'],
  write: gptjJson,
};

/** All but the names of the tensors: CodeGen is the same function. */
export function gptjStatements(config: Config): string[] {
  config.only('rotary', true);
  config.only('scale_attn_weights', true);
  return [
    modelSizes(config),
    layerNorm(config, 'layer_norm_epsilon'),
    tokens(config),
    block('mixer attn = gqa', { heads: config.count('num_attention_heads'), rope: { dim: config.count('rotary_dim'), pairing: 'interleaved' } }), // prettier-ignore
    plainFfn(config, { act: 'activation_function', width: 'n_inner' }),
    wiring('parallel'),
    uniformStack(config),
    'head lm { norm = ln; bias = true }',
  ];
}

export function gptjJson(facts: ModelFacts): Json {
  return { ...gptJson(facts), rotary_dim: facts.rope().dim };
}
