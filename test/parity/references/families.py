"""Configurations of the reference folders: small, every knob of the family at a value that matters."""

SIZES = dict(vocab_size=64, hidden_size=32, intermediate_size=56, num_hidden_layers=2, num_attention_heads=4,
             max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=0)
GQA = dict(SIZES, num_key_value_heads=2)


def rope(theta=10000.0, **rest):
    return dict(rope_type="default", rope_theta=theta) | rest


FAMILIES = {
    "llama": dict(GQA, model_type="llama", rms_norm_eps=1e-5, rope_parameters=rope()),
    "gpt2": dict(model_type="gpt2", vocab_size=64, n_embd=32, n_layer=2, n_head=4, n_positions=64, bos_token_id=1, eos_token_id=2),
    "starcoder2": dict(GQA, model_type="starcoder2", sliding_window=8, use_bias=True, rope_parameters=rope()),
    "arcee": dict(GQA, model_type="arcee", head_dim=8, rope_parameters=rope()),
    "seed_oss": dict(GQA, model_type="seed_oss", head_dim=12, attention_bias=True, attention_out_bias=False, rope_parameters=rope()),
    "helium": dict(GQA, model_type="helium", head_dim=8, rms_norm_eps=1e-8, rope_parameters=rope(100000.0)),
    "persimmon": dict(SIZES, model_type="persimmon", qk_layernorm=True, rope_parameters=rope(25000.0, partial_rotary_factor=0.5)),
    "codegen": dict(model_type="codegen", vocab_size=64, n_embd=32, n_layer=2, n_head=4, n_positions=64, n_ctx=64, rotary_dim=4, bos_token_id=1, eos_token_id=2),
    "xglm": dict(model_type="xglm", vocab_size=64, d_model=32, ffn_dim=56, num_layers=2, attention_heads=4, max_position_embeddings=64, scale_embedding=True, bos_token_id=1, eos_token_id=2, pad_token_id=0, decoder_start_token_id=1),
    "exaone4": dict(GQA, model_type="exaone4", num_hidden_layers=4, head_dim=8, sliding_window=8, sliding_window_pattern=4, rope_parameters=rope(1000000.0)),
}
FAMILIES["exaone4"]["num_hidden_layers"] = 4

GPT = dict(vocab_size=64, n_embd=32, n_layer=2, n_head=4, n_positions=64, bos_token_id=1, eos_token_id=2)

# Corners of families that the folders above leave out.
VARIANTS = {
    "falcon_40b": dict(model_type="falcon", vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_kv_heads=2, new_decoder_architecture=True, alibi=False, bias=False, bos_token_id=1, eos_token_id=2),
    "falcon_11b": dict(model_type="falcon", vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_kv_heads=2, new_decoder_architecture=True, num_ln_in_parallel_attn=1, alibi=False, bias=False, ffn_hidden_size=56, bos_token_id=1, eos_token_id=2),
    # Eager Falcon adds ALiBi twice in transformers 5.17; sdpa adds it once, as the checkpoints were trained.
    "falcon_rw": dict(attn_implementation="sdpa", model_type="falcon", vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, multi_query=False, parallel_attn=False, new_decoder_architecture=False, alibi=True, bias=True, bos_token_id=1, eos_token_id=2),
    "mpt_6heads": dict(model_type="mpt", vocab_size=64, d_model=48, n_layers=2, n_heads=6, max_seq_len=64, expansion_ratio=2, attn_config=dict(clip_qkv=0.5, qk_ln=False, softmax_scale=0.3)),
    "bloom_6heads": dict(model_type="bloom", vocab_size=64, hidden_size=48, n_layer=2, n_head=6, apply_residual_connection_post_layernorm=True, bos_token_id=1, eos_token_id=2),
    "phi_qkln": dict(GQA, model_type="phi", qk_layernorm=True, rope_parameters=rope(partial_rotary_factor=0.5)),
    "stablelm_12b": dict(GQA, model_type="stablelm", qk_layernorm=True, use_parallel_residual=True, use_qkv_bias=False, rope_parameters=rope(partial_rotary_factor=0.5)),
    "cohere_plus": dict(GQA, model_type="cohere", use_qk_norm=True, logit_scale=0.25, rope_parameters=rope()),
    "opt_350m": dict(model_type="opt", vocab_size=64, hidden_size=32, ffn_dim=56, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=64, do_layer_norm_before=False, word_embed_proj_dim=24, bos_token_id=1, eos_token_id=2, pad_token_id=0),
    "gpt2_scaled": dict(GPT, model_type="gpt2", n_inner=56, scale_attn_by_inverse_layer_idx=True, activation_function="relu"),
    "gpt_neox_serial": dict(SIZES, model_type="gpt_neox", use_parallel_residual=False, attention_bias=False, rope_parameters=rope(partial_rotary_factor=1.0)),
    "qwen2_window": dict(GQA, model_type="qwen2", num_hidden_layers=4, use_sliding_window=True, sliding_window=8, max_window_layers=2, rope_parameters=rope()),
    "olmo_clip": dict(GQA, model_type="olmo", clip_qkv=0.5, rope_parameters=rope()),
    "phi3_longrope": dict(GQA, model_type="phi3", max_position_embeddings=64, original_max_position_embeddings=16, rope_parameters=dict(rope_type="longrope", rope_theta=10000.0, original_max_position_embeddings=16, short_factor=[1.0, 1.1, 1.2, 1.3], long_factor=[2.0, 3.0, 4.0, 5.0])),
    "phi3_longrope_short": dict(GQA, model_type="phi3", max_position_embeddings=64, original_max_position_embeddings=48, rope_parameters=dict(rope_type="longrope", rope_theta=10000.0, original_max_position_embeddings=48, short_factor=[1.0, 1.1, 1.2, 1.3], long_factor=[2.0, 3.0, 4.0, 5.0])),
    "phi3_partial": dict(GQA, model_type="phi3", sliding_window=8, rope_parameters=rope(partial_rotary_factor=0.5)),
    "llama_dynamic": dict(GQA, model_type="llama", max_position_embeddings=16, rope_parameters=rope(rope_type="dynamic", factor=2.0)),
    "granite_bias": dict(GQA, model_type="granite", attention_bias=True, mlp_bias=True, embedding_multiplier=3.0, logits_scaling=2.0, residual_multiplier=0.5, attention_multiplier=0.2, tie_word_embeddings=True, rope_parameters=rope()),
    "nemotron_tied": dict(GQA, model_type="nemotron", tie_word_embeddings=True, mlp_bias=True, attention_bias=True, rope_parameters=rope(partial_rotary_factor=0.5)),
    "xglm_unscaled": dict(model_type="xglm", vocab_size=64, d_model=32, ffn_dim=56, num_layers=2, attention_heads=4, max_position_embeddings=64, scale_embedding=False, activation_function="relu", tie_word_embeddings=False, bos_token_id=1, eos_token_id=2, pad_token_id=0, decoder_start_token_id=1),
    "codegen_8heads": dict(model_type="codegen", vocab_size=64, n_embd=64, n_layer=2, n_head=8, n_positions=64, n_ctx=64, rotary_dim=8, n_inner=56, bos_token_id=1, eos_token_id=2),
    "persimmon_plain": dict(SIZES, model_type="persimmon", qk_layernorm=False, rope_parameters=rope(25000.0, partial_rotary_factor=0.5)),
    "exaone4_full": dict(GQA, model_type="exaone4", head_dim=8, sliding_window=None, layer_types=["full_attention", "full_attention"], rope_parameters=rope(1000000.0)),
    "gpt_bigcode_mha": dict(GPT, model_type="gpt_bigcode", multi_query=False, activation_function="gelu"),
    "gemma3_linear": dict(GQA, model_type="gemma3_text", num_hidden_layers=6, head_dim=16, query_pre_attn_scalar=24, sliding_window=8, rope_parameters={"full_attention": rope(1000000.0, rope_type="linear", factor=8.0), "sliding_attention": rope()}),
    "olmo3_yarn": dict(GQA, model_type="olmo3", num_hidden_layers=4, sliding_window=8, rope_parameters={"full_attention": dict(rope_type="yarn", rope_theta=500000.0, factor=4.0, original_max_position_embeddings=16, attention_factor=1.2, beta_fast=32, beta_slow=1), "sliding_attention": rope(500000.0)}),
    "apertus_default": dict(GQA, model_type="apertus", attention_bias=True, rope_parameters=rope()),
    "diffllama_deep": dict(GQA, model_type="diffllama", num_hidden_layers=3, num_key_value_heads=4, rope_parameters=rope()),
    "starcoder2_plain": dict(GQA, model_type="starcoder2", use_bias=False, sliding_window=None, rope_parameters=rope()),
    "helium_bias": dict(GQA, model_type="helium", head_dim=8, attention_bias=True, rope_parameters=rope()),
    "modernbert_three": dict(model_type="modernbert-decoder", vocab_size=64, hidden_size=32, intermediate_size=56, num_hidden_layers=4, num_attention_heads=4, max_position_embeddings=64, local_attention=8, global_attn_every_n_layers=3, norm_bias=True, attention_bias=True, mlp_bias=True, decoder_bias=False, tie_word_embeddings=False, bos_token_id=1, eos_token_id=2, pad_token_id=0, cls_token_id=1, sep_token_id=2),
}
