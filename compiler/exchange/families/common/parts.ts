// Takes: a config with the usual keys. Gives: the statements and keys that most families say alike.
// Promises: what is at the language's default is left out; keys of config.json are those of Llama.
import { activation } from '../../activations.ts';
import type { Config } from '../../config.ts';
import { block, equations, sizes, stack, type Keys } from '../../statements.ts';

/** vocab_size, max_position_embeddings, hidden_size, num_hidden_layers */
export function modelSizes(config: Config): string {
  const [vocab, context] = [config.count('vocab_size'), config.count('max_position_embeddings')];
  return sizes(vocab, context, config.count('hidden_size'), config.count('num_hidden_layers'));
}

/** The template `rms`. */
export function rmsNorm(config: Config, keys: Keys = {}): string {
  return block('norm rms', { eps: config.number('rms_norm_eps'), ...keys });
}

/** tie_word_embeddings */
export function tokens(config: Config, keys: Keys = {}): string {
  return block('embed token', { tie: config.flag('tie_word_embeddings') ? 'head' : 'none', ...keys });
}

/** num_attention_heads, num_key_value_heads, head_dim, the latter where they differ from what heads and d_model give. */
export function headKeys(config: Config): Keys {
  const heads = config.count('num_attention_heads');
  const keyHeads = config.countOrNull('num_key_value_heads') ?? heads;
  const usual = config.count('hidden_size') / heads;
  const headDim = config.countOrNull('head_dim') ?? Math.floor(usual);
  return {
    heads,
    kv_heads: keyHeads === heads ? undefined : keyHeads,
    head_dim: headDim === usual ? undefined : headDim,
  };
}

/** `attention_bias` of q, k, v and o, or of those named. */
export function attentionBias(config: Config, projections = 'all'): string | undefined {
  return config.flag('attention_bias', false) ? projections : undefined;
}

/** A gated `mlp` part: hidden_act, intermediate_size. */
export function gatedFfn(config: Config, keys: Keys = {}, actKey = 'hidden_act'): string {
  return block('ffn mlp = glu', { act: activation(config, actKey), width: config.count('intermediate_size'), ...keys });
}

/** `mlp_bias` of every map of the ffn. */
export function ffnBias(config: Config): Keys {
  return { bias: config.flag('mlp_bias') ? 'all' : undefined };
}

/** x + attention of the normed x, then the same with the ffn; `head` is the block's, `mix` its attention. */
export function preNorm(head: string, mix: string, norm = 'rms'): string {
  return equations(head, `h = x + ${mix}(${norm}.mix(x))`, `y = h + mlp(${norm}.ffn(h))`);
}

/** num_hidden_layers times `main`. */
export function uniformStack(config: Config): string {
  return stack(Array.from({ length: config.count('num_hidden_layers') }, () => 'main'));
}
