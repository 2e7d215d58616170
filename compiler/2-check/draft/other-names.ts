// Takes: a key of another library's configuration. Gives: the key that says it here.
// Promises: names of Hugging Face transformers, GPT-2, litgpt, Megatron and the papers; a suggestion, never a synonym.
import { nearest } from './names.ts';

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
  tie: 'tie_word_embeddings tie_embeddings tied_embeddings share_embeddings tied weight_tying',
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
  clip: 'grad_clip gradient_clip gradient_clipping max_grad_norm clip_grad_norm',
  norm: 'max_norm',
  precision: 'mixed_precision amp dtype',
  temperature: 'temp',
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
  fan_in: 'xavier kaiming he glorot kaiming_normal xavier_normal lecun_normal',
  trunc_normal: 'truncated_normal',
  ce: 'cross_entropy crossentropy nll',
  kd: 'distillation kl kl_div',
  cosine: 'cosine_decay cosine_annealing',
  wsd: 'trapezoidal',
  token_choice: 'topk top_k',
};

/** Words of values. */
const words: Readonly<Record<string, string>> = {
  none: 'None null nil false False no off disabled',
  true: 'True yes on enabled',
  silu: 'swish swiglu',
  gelu: 'geglu gelu_erf',
  gelu_tanh: 'gelu_new gelu_fast gelu_pytorch_tanh gelu_approximate gelu_approx',
  quick_gelu: 'gelu_quick',
  relu2: 'relu_squared squared_relu relu_sq',
  identity: 'linear',
  full: 'bidirectional global dense',
  causal: 'autoregressive',
  window: 'sliding sliding_window local',
  chunk: 'chunked block_local',
  interleaved: 'gptj adjacent',
  half: 'neox rotate_half',
  f32: 'float32 fp32 float',
  bf16: 'bfloat16',
  f16: 'float16 fp16',
};

/** What is written with a role and a name, by the words others have for it: `attention { ... }` in a model. */
const forms: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  model: {
    'mixer attn = gqa { ... }': 'mixer attn attention self_attn self_attention mha attention_layer',
    'ffn mlp = glu { ... }': 'ffn mlp feed_forward feedforward ff moe',
    'norm rms { ... }': 'norm normalization layernorm layer_norm rmsnorm rms_norm',
    'embed token { ... }': 'embedding embeddings token_embedding tok_embeddings',
    'head lm { ... }': 'lm_head output unembed unembedding',
    'stack n_layers { cycle [...] }': 'layer blocks decoder encoder',
  },
  train: { 'optimizer adamw { ... }': 'optimizer optim adam adamw' },
};

const inverse = (of: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(of).flatMap(([key, names]) => names.split(' ').map((name) => [name, key] as const)));
const here = inverse(table);
const constructorsHere = inverse(constructors);
const wordsHere = inverse(words);
const formsHere = new Map(Object.entries(forms).map(([owner, table]) => [owner, inverse(table)] as const));

/** `num_heads` -> `heads`, where `known` has it. */
export function nameHere(name: string, known: readonly string[]): string | null {
  const key = here.get(name) ?? here.get(snakeCase(name)) ?? snakeCase(name);
  return key !== name && known.includes(key) ? key : null;
}

/** `num_heads` -> `heads`, whoever has it. */
export function keyHere(name: string): string | null {
  return here.get(name) ?? here.get(snakeCase(name)) ?? null;
}

/** `gelu_new` -> `gelu_tanh` among `known`, else the nearest of them. */
export function wordHere(word: string, known: readonly string[]): string | null {
  const found = wordsHere.get(word) ?? wordsHere.get(snakeCase(word));
  if (found !== undefined && known.includes(found)) return found;
  const others = known.filter((each) => each !== word);
  return others.find((each) => each === word.toLowerCase()) ?? nearest(word, others);
}

/** Whether it is what other languages call `none`. */
export function isNoneElsewhere(word: string): boolean {
  return wordsHere.get(word) === 'none';
}

/** `attention` in a model -> `mixer attn = gqa { ... }` */
export function formHere(name: string, owner: string): string | null {
  return formsHere.get(owner)?.get(snakeCase(name)) ?? null;
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
