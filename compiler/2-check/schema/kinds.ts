// Takes: nothing. Gives: every constructor of a model block and its table of keys: the schema of the language.
// Promises: checking, suggestions and the reference read this table; the defaults of these keys stand in specs/std.
import { forms, kindOf, later, ownersOf } from './register.ts';
import { build, constructType, type Built, type Kind } from './kind.ts';
import { gain, mask, projections, softcap } from './forms.ts';
import type { KeyType, Slot } from './key-type.ts';
import { atLeastZero, built, count, flag, layerCount, maybe, oneOf, orNone, positive, real } from './scalars.ts';

const activations = ['silu', 'gelu', 'gelu_tanh', 'quick_gelu', 'relu', 'relu2', 'sigmoid', 'tanh', 'identity'] as const; // prettier-ignore

const normKeys = {
  eps: positive,
  gain,
  bias: flag,
  reduce: built(['f32'], ['bf16', 'f16', 'f64']),
  cast: oneOf('before_gain', 'after_gain'),
};

export const normKind = kindOf({
  name: 'norm',
  role: 'norm',
  constructors: { rms: normKeys, layer: normKeys },
  unbuilt: ['l2norm', 'l2', 'group', 'dynamic_tanh'],
});
/** `none`, a norm of the model by name, or one written on the spot: `rms(eps = 1e-6)`. */
export const norm = constructType(normKind, ownersOf);

const qkNormKeys = { ...normKeys, per: oneOf('head', 'full'), before: orNone(oneOf('rope')), after: orNone(oneOf('rope')) }; // prettier-ignore
/** Norms of queries and keys: a norm with a place. */
export const qkNormKind = kindOf({
  name: 'qk_norm',
  role: 'norm',
  constructors: { rms: qkNormKeys, layer: qkNormKeys },
  unbuilt: ['l2norm', 'l2'],
});

export const scalingKind = kindOf({
  name: 'scaling',
  constructors: {
    linear: { factor: positive },
    llama3: { factor: positive, low: positive, high: positive, original: maybe(count) },
    yarn: {
      factor: positive,
      original: maybe(count),
      beta_fast: positive,
      beta_slow: positive,
      truncate: flag,
      attention_factor: orNone(positive),
      mscale: orNone(positive),
      mscale_all_dim: orNone(positive),
    },
  },
  unbuilt: ['dynamic', 'longrope', 'proportional', 'ntk'],
});

export const ropeKind = kindOf({
  name: 'rope',
  constructors: {
    rope: {
      partial: positive,
      dim: count,
      theta: positive,
      pairing: oneOf('half', 'interleaved'),
      scaling: orNone(constructType(scalingKind, ownersOf)),
      sign: later,
    },
  },
  unbuilt: ['alibi', 't5_bias', 'xpos'],
});

export const mixerKind = kindOf({
  name: 'mixer',
  role: 'mixer',
  constructors: {
    gqa: {
      heads: count,
      kv_heads: count,
      head_dim: count,
      scale: real,
      mask,
      bias: projections('q', 'k', 'v', 'o'),
      qk_norm: orNone(constructType(qkNormKind, ownersOf)),
      softcap,
      rope: orNone(constructType(ropeKind, ownersOf)),
      ...forms('kv_from', 'sink', 'gate', 'qk_clip', 'clip_qkv', 'kv_share', 'v_dim', 'sparse', 'cache', 'value_residual', 'absorb', 'position'), // prettier-ignore
    },
  },
  unbuilt: ['mla', 'mamba', 'mamba1', 'mamba2', 'gated_delta', 'delta', 'linear', 'rwkv7', 'rg_lru', 'conv', 'experts'],
});

const widthKeys = { act: built(activations, ['softplus', 'swish_beta', 'xielu']), ratio: positive, width: count };

export const ffnKind = kindOf({
  name: 'ffn',
  role: 'ffn',
  constructors: {
    mlp: { ...widthKeys, bias: projections('up', 'down'), ...forms('clamp', 'token_shift') },
    glu: { ...widthKeys, bias: projections('gate', 'up', 'down'), ...forms('clamp', 'up_offset', 'token_shift') },
  },
  unbuilt: ['experts', 'channel_mix'],
});

export const positionKind = kindOf({
  name: 'position',
  constructors: { learned: { length: count } },
  unbuilt: ['sinusoidal', 'alibi', 't5_bias', 'rope'],
});

export const embedKind = kindOf({
  name: 'embed',
  constructors: {
    token: {
      tie: tieTo(),
      scale: real,
      pos: orNone(constructType(positionKind, ownersOf)),
      norm: orNone(norm),
      ...forms('pad_to', 'dim'),
    },
  },
  unbuilt: ['patches'],
});

export const headKind = kindOf({
  name: 'head',
  constructors: {
    lm: { norm: orNone(norm), scale: real, softcap, bias: flag, ...forms('pool', 'tie', 'loss_weight') },
  },
  unbuilt: ['medusa', 'eagle', 'classify', 'pool'],
});

export const initKind = kindOf({
  name: 'init',
  constructors: {
    normal: { std: atLeastZero },
    trunc_normal: { std: atLeastZero, cut: positive },
    uniform: { bound: atLeastZero },
    constant: { value: real },
    zeros: {},
    ones: {},
  },
  unbuilt: ['copy', 'fresh', 'orthogonal', 'fan_in', 'log_uniform', 'mup'],
});

/** Keys of the model block itself. */
export const modelKeys = { vocab: count, context: count, d_model: count, n_layers: layerCount };

/** `head` or `none`; other words are kept for the check that names the heads there are. */
function tieTo(): KeyType<Slot & { readonly word: string | null }> {
  return {
    expects: 'head or none',
    read: (slot) => ({ ...slot, word: slot.draft.value?.kind === 'name' ? slot.draft.value.name : null }),
  };
}

export type BuiltBy<K> = K extends Kind<infer C> ? Built<C> : never;

export function buildOf<C extends Kind['constructors']>(slot: Slot, kind: Kind<C>): Built<C> {
  return build(slot, kind, ownersOf);
}
