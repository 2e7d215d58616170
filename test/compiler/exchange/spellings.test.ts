import { describe, expect, it } from 'vitest';
import type { Json } from '../../../compiler/exchange/config.ts';
import { exportConfig } from '../../../compiler/exchange/export-config.ts';
import { importConfig } from '../../../compiler/exchange/import-config.ts';
import { checkSourceFile, readPrelude } from '../../../runtime/model-file.ts';

const textOf = (config: Json, tensors: readonly string[] = []): string => importConfig(config, { tensors }).text;
const small = { vocab_size: 64, n_embd: 32, n_layer: 2, n_head: 4, n_positions: 16 };

describe('keys that files of one family spell in several ways', () => {
  it.each([
    ['gpt2', small, { vocab_size: 64, hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 4, max_position_embeddings: 16 }], // prettier-ignore
    ['bloom', { n_embed: 32, n_layer: 2, n_head: 4 }, { hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 4 }], // prettier-ignore
    ['gpt_neox', { rotary_pct: 0.5, rotary_emb_base: 500 }, { rope_parameters: { rope_theta: 500, partial_rotary_factor: 0.5, rope_type: 'default' } }], // prettier-ignore
    ['mpt', { d_model: 32, n_layers: 2, n_heads: 4 }, { hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 4 }], // prettier-ignore
  ])('%s reads alike', (model_type, own, usual) => {
    expect(textOf({ model_type, ...usual })).toBe(textOf({ model_type, ...own }));
  });

  it('may stand beside each other where they agree, or one of them says nothing', () => {
    const text = textOf({ model_type: 'gpt2', ...small });
    expect(textOf({ model_type: 'gpt2', ...small, hidden_size: 32, num_hidden_layers: null })).toBe(text);
    expect(() => textOf({ model_type: 'gpt2', ...small, hidden_size: 48 })).toThrow('n_embd = 32 and hidden_size = 48 are two names of one number'); // prettier-ignore
  });

  it('are told by the name that the file has', () => {
    expect(() => textOf({ model_type: 'gpt2', n_embd: -1 })).toThrow('n_embd = -1 is not a whole number from 1 on');
  });
});

describe('checkpoints as saved with their head and without it', () => {
  it.each([
    ['gpt2', 'wte.weight', 'gpt2', 'gpt2_lm'],
    ['bloom', 'word_embeddings.weight', 'bloom', 'bloom_lm'],
    ['opt', 'decoder.embed_tokens.weight', 'opt', 'opt_lm'],
  ])('%s is told by %s', (model_type, tensor, without, withHead) => {
    expect(textOf({ model_type }, [tensor])).toContain(`weights hf = std.hf.${without}\n`);
    expect(textOf({ model_type }, [`transformer.${tensor}`])).toContain(`weights hf = std.hf.${withHead}\n`);
  });
});

describe('settings whose function transformers does not compute', () => {
  it.each([
    [{ model_type: 'mpt', attn_config: { alibi: false } }, 'attn_config.alibi = false changes the function and is not understood; true is'], // prettier-ignore
    [{ model_type: 'mpt', attn_config: { qk_ln: true } }, 'attn_config.qk_ln = true changes the function and is not understood; false is'], // prettier-ignore
    [{ model_type: 'mpt', logit_scale: 0.5 }, 'logit_scale = 0.5 changes the function'],
    [{ model_type: 'gptj', rotary: false }, 'rotary = false changes the function'],
    [{ model_type: 'falcon', new_decoder_architecture: true, parallel_attn: false }, 'parallel_attn = false changes the function'], // prettier-ignore
    [{ model_type: 'falcon', num_ln_in_parallel_attn: 2 }, 'num_ln_in_parallel_attn = 2 changes the function'],
    [{ model_type: 'falcon', multi_query: false, num_kv_heads: 2 }, 'num_kv_heads = 2 changes the function'],
    [{ model_type: 'xglm', pad_token_id: 5 }, 'pad_token_id = 5 changes the function'],
    [{ model_type: 'gpt2', activation_function: 'mish' }, 'activation_function = "mish" is not understood'],
  ])('%j is refused', (config, message) => {
    expect(() => textOf(config)).toThrow(message);
  });
});

describe('what a key changes is in the text, and comes back', () => {
  it.each([
    [{ model_type: 'gpt2', scale_attn_by_inverse_layer_idx: true }, 'scale = head_dim ^ -0.5 / (layer + 1)'],
    [{ model_type: 'gpt2', scale_attn_by_inverse_layer_idx: true, scale_attn_weights: false }, 'scale = 1 / (layer + 1)'], // prettier-ignore
    [{ model_type: 'gpt2', scale_attn_weights: false }, 'scale = 1;'],
    [{ model_type: 'gpt2', n_inner: 640, tie_word_embeddings: false }, 'width = 640'],
    [{ model_type: 'gpt_bigcode', scale_attn_weights: false }, 'kv_heads = 1; scale = 1'],
    [{ model_type: 'opt', _remove_final_layer_norm: true }, 'head lm { norm = none }'],
    [{ model_type: 'opt', layer_norm_elementwise_affine: false }, 'norm ln = layer { gain = none; bias = false }'],
    [{ model_type: 'opt', enable_bias: false, word_embed_proj_dim: 64 }, 'gqa { heads = 12; rope = none }'],
    [{ model_type: 'bloom', apply_residual_connection_post_layernorm: true }, 'u = ln.mix(x) h = u + attn(u)'],
    [{ model_type: 'mpt', attn_config: { clip_qkv: 8, softmax_scale: 0.25 } }, 'scale = 0.25; clip_qkv = 8'],
    [{ model_type: 'gpt_neox', rotary_pct: 1, use_parallel_residual: false }, 'y = h + mlp(ln.ffn(h))'],
    [{ model_type: 'falcon', multi_query: false }, 'gqa { heads = 71; rope'],
    [{ model_type: 'falcon', alibi: true, rope_theta: 500 }, 'pos = alibi { scaled = true; round = bf16 }'],
    [{ model_type: 'stablelm', use_qkv_bias: true, partial_rotary_factor: 1 }, 'bias = [q, k, v]'],
    [{ model_type: 'phi', num_key_value_heads: 8, layer_norm_eps: 1e-6, qk_layernorm: true }, 'qk_norm = layer { eps = 1e-6; bias = true }'], // prettier-ignore
    [{ model_type: 'phi', tie_word_embeddings: true }, 'tie = head'],
    [{ model_type: 'gptj', tie_word_embeddings: true }, 'tie = head'],
    [{ model_type: 'starcoder2', use_bias: false, sliding_window: 128 }, 'mask = causal & window(128)'],
  ])('%j', (config, expected) => {
    const text = textOf({ ...config, num_hidden_layers: 2 });
    expect(text.replaceAll(/\s+/g, ' ')).toContain(expected);
    const [model] = checkSourceFile({ path: 'x.model', text }).file.models;
    if (model === undefined) throw new Error('no model');
    expect(exportConfig(model, null, readPrelude()).modelType).toBe(config.model_type);
  });
});
