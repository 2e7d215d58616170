// Takes: nothing. Gives: where each family keeps the parameters of our models (reference 1.7).
// Promises: names as on disk; `{i}` is the layer.
import { both, perHead, rows, transpose } from './weights.ts';
import type { WeightMap } from './weights.ts';

const L = 'model.layers.{i}';

/** Llama and most others. */
export const standard: WeightMap = {
  'embed.weight': 'model.embed_tokens.weight',
  'head.weight': 'lm_head.weight',
  'head.bias': 'lm_head.bias',
  ...both('head.norm', 'model.norm'),
  ...both('mix', `${L}.input_layernorm`),
  ...both('ffn', `${L}.post_attention_layernorm`),
  ...both('attn.q', `${L}.self_attn.q_proj`),
  ...both('attn.k', `${L}.self_attn.k_proj`),
  ...both('attn.v', `${L}.self_attn.v_proj`),
  ...both('attn.o', `${L}.self_attn.o_proj`),
  ...both('attn.q_norm', `${L}.self_attn.q_norm`),
  ...both('attn.k_norm', `${L}.self_attn.k_norm`),
  ...both('mlp.gate', `${L}.mlp.gate_proj`),
  ...both('mlp.up', `${L}.mlp.up_proj`),
  ...both('mlp.down', `${L}.mlp.down_proj`),
};

export const diffllama: WeightMap = {
  ...standard,
  'attn.lambda_q1': `${L}.self_attn.lambda_q1`,
  'attn.lambda_k1': `${L}.self_attn.lambda_k1`,
  'attn.lambda_q2': `${L}.self_attn.lambda_q2`,
  'attn.lambda_k2': `${L}.self_attn.lambda_k2`,
};

export const apertus: WeightMap = {
  ...standard,
  ...both('mix', `${L}.attention_layernorm`),
  ...both('ffn', `${L}.feedforward_layernorm`),
  'mlp.act.alpha_p': `${L}.mlp.act_fn.alpha_p`,
  'mlp.act.alpha_n': `${L}.mlp.act_fn.alpha_n`,
};

export const modernbert: WeightMap = {
  'embed.weight': 'model.embeddings.tok_embeddings.weight',
  ...both('embed.norm', 'model.embeddings.norm'),
  ...both('mix', `${L}.attn_norm`),
  ...both('ffn', `${L}.mlp_norm`),
  ...both('attn.q', `${L}.attn.q_proj`),
  ...both('attn.k', `${L}.attn.k_proj`),
  ...both('attn.v', `${L}.attn.v_proj`),
  ...both('attn.o', `${L}.attn.Wo`),
  ...both('mlp.gate', `${L}.mlp.Wi`, rows(0, 80)),
  ...both('mlp.up', `${L}.mlp.Wi`, rows(80, 80)),
  ...both('mlp.down', `${L}.mlp.Wo`),
  ...both('head.norm', 'model.final_norm'),
  ...both('head.transform', 'lm_head.dense'),
  ...both('head.transform.norm', 'lm_head.norm'),
  'head.bias': 'decoder.bias',
};

export const xglm: WeightMap = {
  'embed.weight': 'model.embed_tokens.weight',
  ...both('head.norm', 'model.layer_norm'),
  ...both('mix', `${L}.self_attn_layer_norm`),
  ...both('ffn', `${L}.final_layer_norm`),
  ...both('attn.q', `${L}.self_attn.q_proj`),
  ...both('attn.k', `${L}.self_attn.k_proj`),
  ...both('attn.v', `${L}.self_attn.v_proj`),
  ...both('attn.o', `${L}.self_attn.out_proj`),
  ...both('mlp.up', `${L}.fc1`),
  ...both('mlp.down', `${L}.fc2`),
};

export const bitnet: WeightMap = {
  ...standard,
  'attn.out_norm.gain': `${L}.self_attn.attn_sub_norm.weight`,
  'mlp.norm.gain': `${L}.mlp.ffn_sub_norm.weight`,
};

export const sandwich: WeightMap = {
  ...standard,
  ...both('post_mix', `${L}.post_attention_layernorm`),
  ...both('ffn', `${L}.pre_feedforward_layernorm`),
  ...both('post_ffn', `${L}.post_feedforward_layernorm`),
};

export const reordered: WeightMap = {
  ...standard,
  ...both('mix', `${L}.post_attention_layernorm`),
  ...both('ffn', `${L}.post_feedforward_layernorm`),
};

const gateUp = (width: number): WeightMap => ({
  ...both('mlp.gate', `${L}.mlp.gate_up_proj`, rows(0, width)),
  ...both('mlp.up', `${L}.mlp.gate_up_proj`, rows(width, width)),
});

export const phi3: WeightMap = {
  ...standard,
  ...both('attn.q', `${L}.self_attn.qkv_proj`, rows(0, 48)),
  ...both('attn.k', `${L}.self_attn.qkv_proj`, rows(48, 24)),
  ...both('attn.v', `${L}.self_attn.qkv_proj`, rows(72, 24)),
  ...gateUp(80),
};

export const glm: WeightMap = { ...standard, ...gateUp(80) };

export const glm4: WeightMap = {
  ...glm,
  ...both('post_mix', `${L}.post_self_attn_layernorm`),
  ...both('post_ffn', `${L}.post_mlp_layernorm`),
};

export const hunyuan: WeightMap = {
  ...standard,
  ...both('attn.q_norm', `${L}.self_attn.query_layernorm`),
  ...both('attn.k_norm', `${L}.self_attn.key_layernorm`),
};

export const phi: WeightMap = {
  ...standard,
  ...both('head.norm', 'model.final_layernorm'),
  ...both('attn.o', `${L}.self_attn.dense`),
  ...both('mlp.up', `${L}.mlp.fc1`),
  ...both('mlp.down', `${L}.mlp.fc2`),
};

const H = 'transformer.h.{i}';

const gptNames: WeightMap = {
  'embed.weight': 'transformer.wte.weight',
  'embed.positions': 'transformer.wpe.weight',
  ...both('head.norm', 'transformer.ln_f'),
  ...both('mix', `${H}.ln_1`),
  ...both('ffn', `${H}.ln_2`),
};

/** Conv1D: weights are [in, out]. */
export const gpt2 = (dModel: number): WeightMap => ({
  ...gptNames,
  ...both('attn.q', `${H}.attn.c_attn`, transpose, rows(0, dModel)),
  ...both('attn.k', `${H}.attn.c_attn`, transpose, rows(dModel, dModel)),
  ...both('attn.v', `${H}.attn.c_attn`, transpose, rows(2 * dModel, dModel)),
  ...both('attn.o', `${H}.attn.c_proj`, transpose),
  ...both('mlp.up', `${H}.mlp.c_fc`, transpose),
  ...both('mlp.down', `${H}.mlp.c_proj`, transpose),
});

export const gptBigcode: WeightMap = {
  ...gptNames,
  ...both('attn.q', `${H}.attn.c_attn`, rows(0, 48)),
  ...both('attn.k', `${H}.attn.c_attn`, rows(48, 12)),
  ...both('attn.v', `${H}.attn.c_attn`, rows(60, 12)),
  ...both('attn.o', `${H}.attn.c_proj`),
  ...both('mlp.up', `${H}.mlp.c_fc`),
  ...both('mlp.down', `${H}.mlp.c_proj`),
};

export const gptj: WeightMap = {
  ...gptNames,
  'head.weight': 'lm_head.weight',
  'head.bias': 'lm_head.bias',
  ...both('attn.q', `${H}.attn.q_proj`),
  ...both('attn.k', `${H}.attn.k_proj`),
  ...both('attn.v', `${H}.attn.v_proj`),
  ...both('attn.o', `${H}.attn.out_proj`),
  ...both('mlp.up', `${H}.mlp.fc_in`),
  ...both('mlp.down', `${H}.mlp.fc_out`),
};

const N = 'gpt_neox.layers.{i}';

export const gptNeox: WeightMap = {
  'embed.weight': 'gpt_neox.embed_in.weight',
  'head.weight': 'embed_out.weight',
  ...both('head.norm', 'gpt_neox.final_layer_norm'),
  ...both('mix', `${N}.input_layernorm`),
  ...both('ffn', `${N}.post_attention_layernorm`),
  ...both('attn.q', `${N}.attention.query_key_value`, perHead(0, 3, 12)),
  ...both('attn.k', `${N}.attention.query_key_value`, perHead(1, 3, 12)),
  ...both('attn.v', `${N}.attention.query_key_value`, perHead(2, 3, 12)),
  ...both('attn.o', `${N}.attention.dense`),
  ...both('mlp.up', `${N}.mlp.dense_h_to_4h`),
  ...both('mlp.down', `${N}.mlp.dense_4h_to_h`),
};

export const falcon: WeightMap = {
  'embed.weight': 'transformer.word_embeddings.weight',
  ...both('head.norm', 'transformer.ln_f'),
  ...both('mix', `${H}.input_layernorm`),
  ...both('attn.q', `${H}.self_attention.query_key_value`, rows(0, 48)),
  ...both('attn.k', `${H}.self_attention.query_key_value`, rows(48, 12)),
  ...both('attn.v', `${H}.self_attention.query_key_value`, rows(60, 12)),
  ...both('attn.o', `${H}.self_attention.dense`),
  ...both('mlp.up', `${H}.mlp.dense_h_to_4h`),
  ...both('mlp.down', `${H}.mlp.dense_4h_to_h`),
};

export const bloom: WeightMap = {
  'embed.weight': 'transformer.word_embeddings.weight',
  ...both('embed.norm', 'transformer.word_embeddings_layernorm'),
  ...both('head.norm', 'transformer.ln_f'),
  ...both('mix', `${H}.input_layernorm`),
  ...both('ffn', `${H}.post_attention_layernorm`),
  ...both('attn.q', `${H}.self_attention.query_key_value`, perHead(0, 3, 12)),
  ...both('attn.k', `${H}.self_attention.query_key_value`, perHead(1, 3, 12)),
  ...both('attn.v', `${H}.self_attention.query_key_value`, perHead(2, 3, 12)),
  ...both('attn.o', `${H}.self_attention.dense`),
  ...both('mlp.up', `${H}.mlp.dense_h_to_4h`),
  ...both('mlp.down', `${H}.mlp.dense_4h_to_h`),
};

const B = 'transformer.blocks.{i}';

export const mpt: WeightMap = {
  'embed.weight': 'transformer.wte.weight',
  ...both('head.norm', 'transformer.norm_f'),
  ...both('mix', `${B}.norm_1`),
  ...both('ffn', `${B}.norm_2`),
  ...both('attn.q', `${B}.attn.Wqkv`, rows(0, 48)),
  ...both('attn.k', `${B}.attn.Wqkv`, rows(48, 48)),
  ...both('attn.v', `${B}.attn.Wqkv`, rows(96, 48)),
  ...both('attn.o', `${B}.attn.out_proj`),
  ...both('mlp.up', `${B}.ffn.up_proj`),
  ...both('mlp.down', `${B}.ffn.down_proj`),
};

const D = 'model.decoder';

export const opt: WeightMap = {
  'embed.weight': `${D}.embed_tokens.weight`,
  'embed.positions': `${D}.embed_positions.weight`,
  ...both('head.norm', `${D}.final_layer_norm`),
  ...both('mix', `${D}.layers.{i}.self_attn_layer_norm`),
  ...both('ffn', `${D}.layers.{i}.final_layer_norm`),
  ...both('attn.q', `${D}.layers.{i}.self_attn.q_proj`),
  ...both('attn.k', `${D}.layers.{i}.self_attn.k_proj`),
  ...both('attn.v', `${D}.layers.{i}.self_attn.v_proj`),
  ...both('attn.o', `${D}.layers.{i}.self_attn.out_proj`),
  ...both('mlp.up', `${D}.layers.{i}.fc1`),
  ...both('mlp.down', `${D}.layers.{i}.fc2`),
};
