// Takes: nothing. Gives: keys of config.json that do not change what a causal language model computes from tokens.
// Promises: of all families; a family's own stand in its file. What is not here and not read is an error.

/** Where it comes from, how it is loaded and run, which tokens mark ends. */
const bookkeeping = [
  '_attn_implementation', '_attn_implementation_autoset', '_commit_hash', '_name_or_path', 'architectures', 'attn_implementation', 'auto_map',
  'dtype', 'is_decoder', 'is_encoder_decoder', 'model_type', 'torch_dtype', 'torchscript', 'transformers_version', 'use_cache', 'cache_implementation',
  'use_flash_attn', 'use_bfloat16', 'tf_legacy_loss', 'return_dict', 'return_dict_in_generate', 'output_attentions', 'output_hidden_states',
  'output_scores', 'keys_to_ignore_at_inference', 'gradient_checkpointing', 'unsloth_version', 'unsloth_fixed', 'base_model_tp_plan', 'base_model_pp_plan', 'pruned_heads',
]; // prettier-ignore

const tokens = [
  'bos_token_id', 'eos_token_id', 'pad_token_id', 'sep_token_id', 'cls_token_id', 'mask_token_id', 'unk_token_id', 'decoder_start_token_id',
  'forced_bos_token_id', 'forced_eos_token_id', 'prefix', 'tokenizer_class',
]; // prettier-ignore

/** How weights start, and what drops in training: an imported model has weights, and drops what its train block says. */
const training = [
  'initializer_range', 'initializer_factor', 'attention_dropout', 'hidden_dropout', 'embd_pdrop', 'attn_pdrop', 'resid_pdrop', 'embedding_dropout',
  'dropout', 'activation_dropout', 'layerdrop', 'classifier_dropout', 'classifier_dropout_prob', 'summary_first_dropout', 'embedding_pdrop',
]; // prettier-ignore

/** Heads of other tasks. */
const tasks = [
  'finetuning_task', 'id2label', 'label2id', 'num_labels', 'problem_type', 'task_specific_params', 'summary_activation',
  'summary_proj_to_labels', 'summary_type', 'summary_use_proj',
]; // prettier-ignore

/** Defaults of generation that old files keep here. */
const generation = [
  'bad_words_ids', 'begin_suppress_tokens', 'chunk_size_feed_forward', 'diversity_penalty', 'do_sample', 'early_stopping',
  'encoder_no_repeat_ngram_size', 'exponential_decay_length_penalty', 'length_penalty', 'max_length', 'min_length', 'no_repeat_ngram_size',
  'num_beam_groups', 'num_beams', 'num_return_sequences', 'remove_invalid_values', 'repetition_penalty', 'suppress_tokens', 'temperature',
  'top_k', 'top_p', 'typical_p', 'use_mambapy', 'cross_attention_hidden_size', 'add_cross_attention', 'tie_encoder_decoder',
]; // prettier-ignore

export const harmless: ReadonlySet<string> = new Set([...bookkeeping, ...tokens, ...training, ...tasks, ...generation]);
