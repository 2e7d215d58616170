// Takes: a key of another library's configuration. Gives: the key that says it here.
// Promises: names of Hugging Face transformers, GPT-2, litgpt, Megatron and the papers; a suggestion, never a synonym.

const table: Readonly<Record<string, string>> = {
  d_model: 'hidden_size n_embd n_embed embed_dim dim model_dim',
  n_layers: 'num_hidden_layers num_layers n_layer layers depth n_blocks',
  vocab: 'vocab_size n_vocab padded_vocab_size',
  context: 'max_position_embeddings block_size n_positions n_ctx seq_len max_seq_len context_length',
  heads: 'num_attention_heads num_heads n_head n_heads attention_heads',
  kv_heads: 'num_key_value_heads num_kv_heads n_kv_heads n_query_groups num_query_groups',
  head_dim: 'head_size d_head kv_channels attention_head_dim',
  width: 'intermediate_size d_ff ffn_dim ffn_hidden_size hidden_dim n_inner inner_dim mlp_dim moe_intermediate_size',
  act: 'hidden_act activation activation_function hidden_activation act_fn nonlinearity',
  eps: 'rms_norm_eps layer_norm_eps layer_norm_epsilon norm_eps epsilon',
  theta: 'rope_theta rope_base base rotary_base rotary_emb_base',
  partial: 'partial_rotary_factor rotary_pct rotary_percentage',
  scaling: 'rope_scaling rope_parameters',
  mask: 'sliding_window window window_size attention_window attn_mask',
  softcap: 'attn_logit_softcapping final_logit_softcapping logit_softcap logits_soft_cap soft_cap',
  bias: 'attention_bias use_bias mlp_bias qkv_bias add_bias_linear',
  qk_norm: 'qk_layernorm use_qk_norm query_key_norm',
  tie: 'tie_word_embeddings tied weight_tying',
  n: 'num_experts num_local_experts n_routed_experts n_experts moe_num_experts',
  top_k: 'num_experts_per_tok experts_per_token n_activated_experts moe_top_k topk k',
  shared: 'n_shared_experts num_shared_experts shared_experts',
  groups: 'n_group n_groups num_groups',
  top_groups: 'topk_group n_limited_groups',
  q_rank: 'q_lora_rank',
  kv_rank: 'kv_lora_rank',
  nope_dim: 'qk_nope_head_dim',
  rope_dim: 'qk_rope_head_dim',
  v_dim: 'v_head_dim',
  state: 'd_state state_size ssm_state_size mamba_d_state',
  conv: 'd_conv conv_kernel conv_size mamba_d_conv conv1d_width',
  lr: 'learning_rate',
  batch: 'batch_size global_batch_size train_batch_size',
  steps: 'max_steps num_steps iterations max_iters train_steps',
  warmup: 'warmup_steps warmup_iters warmup_ratio',
  accumulate: 'gradient_accumulation_steps grad_accum accumulation_steps',
  max_tokens: 'max_new_tokens max_length',
};

/** Constructors; what tells the forms apart is a key here: `gqa { kv_heads = heads }`, `glu { act = silu }`. */
const constructors: Readonly<Record<string, string>> = {
  gqa: 'mha mqa attention self_attention multi_head_attention sdpa',
  mla: 'latent_attention',
  mamba: 'mamba1 s6 ssm',
  mamba2: 'ssd',
  gated_delta: 'delta deltanet gated_deltanet gdn',
  linear: 'lightning linear_attention retnet',
  rwkv7: 'rwkv',
  rg_lru: 'griffin hawk rglru',
  glu: 'swiglu geglu reglu gated_mlp',
  mlp: 'ffn feed_forward dense',
  experts: 'moe mixture_of_experts sparse_moe',
  rms: 'rmsnorm rms_norm',
  layer: 'layernorm layer_norm ln',
  adamw: 'adam',
};

const inverse = (of: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(of).flatMap(([key, names]) => names.split(' ').map((name) => [name, key] as const)));
const here = inverse(table);
const constructorsHere = inverse(constructors);

/** `num_heads` -> `heads`, where `known` has it. */
export function nameHere(name: string, known: readonly string[]): string | null {
  const key = here.get(name) ?? here.get(snakeCase(name)) ?? snakeCase(name);
  return key !== name && known.includes(key) ? key : null;
}

/** `swiglu` -> `glu` */
export function constructorHere(name: string, known: readonly string[]): string | null {
  const found = constructorsHere.get(name.toLowerCase());
  return found !== undefined && known.includes(found) ? found : null;
}

/** `numHeads` -> `num_heads` */
function snakeCase(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
