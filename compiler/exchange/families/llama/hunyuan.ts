// Takes: a config of HunYuan dense: a norm of every query and key head behind RoPE, whose theta grows by alpha.
// Gives: its statements; and the config of a model.
// Promises: absent keys are at the defaults of its config class.
import type { Config } from '../../config.ts';
import type { Family } from '../../family.ts';
import { ropeKeys } from '../../rope.ts';
import { block, numberText, type Keys } from '../../statements.ts';
import { attentionBiased, usualJson } from '../common/json.ts';
import { attentionBias, gatedFfn, headKeys, modelSizes, preNorm, rmsNorm, tokens, uniformStack } from '../common/parts.ts'; // prettier-ignore

export const hunyuan: Family = {
  modelType: 'hunyuan_v1_dense',
  architecture: 'HunYuanDenseV1ForCausalLM',
  defaults: {
    vocab_size: 290943,
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: null,
    hidden_act: 'silu',
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: false,
    attention_bias: false,
    head_dim: null,
  },
  // Tokens, and what its other models have.
  harmless: [
    'pretraining_tp', 'eod_token_id', 'attention_head_dim', 'class_num', 'cla_share_factor', 'dense_list', 'org_vocab_size', 'pool_type',
    'kv_lora_rank', 'q_lora_rank', 'qk_nope_head_dim', 'qk_rope_head_dim', 'v_head_dim', 'xdrope_section', 'mask_init_id', 'pad_id',
    'im_start_id', 'im_end_id', 'im_newline_id', 'image_token_id', 'text_start_id', 'text_end_id', 'video_start_id', 'video_end_id',
  ], // prettier-ignore
  read(config) {
    for (const key of ['use_cla', 'use_mla', 'mlp_bias', 'add_classification_head', 'position_embedding_xdrope']) config.only(key, false); // prettier-ignore
    for (const key of ['use_qk_norm', 'use_rotary_pos_emb']) config.only(key, true);
    config.only('norm_type', 'rms', 'hf_rms');
    return [
      modelSizes(config),
      rmsNorm(config),
      tokens(config),
      block('mixer attn = gqa', {
        ...headKeys(config),
        bias: attentionBias(config),
        qk_norm: 'rms(per = head, after = rope)',
        rope: alphaRope(config),
      }),
      gatedFfn(config),
      preNorm('main', 'attn'),
      uniformStack(config),
      'head lm { norm = rms }',
      'weights hf = std.hf.hunyuan',
    ];
  },
  write: (facts) => ({ ...usualJson(facts), ...facts.ropeJson(), attention_bias: attentionBiased(facts) }),
};

/** `dynamic` with an alpha is a theta that does not change: theta * alpha ^ (d / (d - 2)). */
function alphaRope(config: Config): Keys {
  const rope = ropeKeys(config);
  const group = config.group('rope_scaling') ?? config.group('rope_parameters');
  const { scaling, theta } = rope;
  const isDynamic = typeof scaling === 'object' && scaling['='] === 'dynamic';
  const alpha = isDynamic && group?.has('alpha') ? group.number('alpha') : 0;
  if (alpha === 0 || typeof theta !== 'number') return rope;
  group?.passOver('beta_fast', 'beta_slow', 'mscale', 'mscale_all_dim');
  const dim = config.countOrNull('head_dim') ?? config.count('hidden_size') / config.count('num_attention_heads');
  return { theta: `${numberText(theta)} * ${numberText(alpha)} ^ (${dim} / ${dim - 2})` };
}
