// Takes: nothing. Gives: the constructors of attention mixers: gqa, mla, and what stands in their keys.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std/attention.model.
import { mask, projections, softcap } from '../forms.ts';
import { key } from '../key-type.ts';
import { constructType } from '../kind.ts';
import { norm, qkNormKind } from '../norm-kinds.ts';
import { kindOf, ownersOf } from '../register.ts';
import { ropeKind } from '../rope-kinds.ts';
import { atLeastZero, count, flag, oneOf, orNone, positive, real, whole } from '../scalars.ts';

export const sinkKind = kindOf({
  name: 'sink',
  about: 'A logit that joins the softmax and carries no value.',
  constructors: {
    learned: {
      about: 'Learned.',
      formula: 'softmax over [scores, sink], the last weight dropped',
      source: 'gpt-oss',
      keys: { per: key('one per head', oneOf('head')) },
    },
  },
});

const gateKeys = { per: key('a gate per element of the heads, or one per head', oneOf('element', 'head')) };

export const gateKind = kindOf({
  name: 'gate',
  about: 'A gate on what a mixer gives, before its last projection.',
  constructors: {
    sigmoid: { about: 'Between 0 and 1.', formula: 'o * sigmoid(gate x)', source: 'arXiv 2505.06708', keys: gateKeys },
    silu: { about: 'SiLU of the gate.', formula: 'o * silu(gate x)', keys: gateKeys },
  },
});

export const differenceKind = kindOf({
  name: 'difference',
  about: 'Attention as the difference of two softmaxes, which takes noise away that both have.',
  constructors: {
    lambda: {
      about:
        'Heads i and i + heads / 2 are a pair: both weigh the values of two key heads side by side, and the second is taken off the first.',
      formula:
        '(1 - init) norm(P_i [v, v2] - lambda P_j [v, v2]), lambda = exp(lambda_q1 . lambda_k1) - exp(lambda_q2 . lambda_k2) + init',
      source: 'arXiv 2410.05258',
      keys: {
        init: key('lambda of vectors that are zero; `layer` may be used', real),
        std: key('standard deviation at which the four vectors of lambda start', atLeastZero),
        eps: key('added under the root of the norm of a pair', positive),
      },
    },
  },
});

export const distanceKind = kindOf({
  name: 'distance_bias',
  about: 'Positions as a bias on the scores.',
  constructors: {
    alibi: {
      about: 'Attention with linear biases.',
      formula:
        'score - slope_h * (query - key), slope_h = 2^(-max_bias h / n), n the power of two up to heads; beyond n the odd h of 2 n',
      source: 'arXiv 2108.12409',
      keys: {
        max_bias: key('exponent of the last slope', positive),
        scaled: key('whether `scale` multiplies the bias too (Falcon)', flag),
        round: key(
          'type that slopes, positions and slope_h * key are rounded to (Falcon: bf16)',
          orNone(oneOf('bf16')),
        ),
      },
    },
  },
});

const rope = key('rotation of queries and keys by position', orNone(constructType(ropeKind, ownersOf)));
const shared = {
  scale: key('factor on the scores', real),
  mask: key('which pairs of positions are seen', mask),
};

export const gqa = {
  about: 'Softmax attention whose query heads share key heads; kv_heads = heads is multi-head, 1 is multi-query.',
  formula: 'o(softmax(scale * q k^T + mask) v), query head i reads key head floor(i * kv_heads / heads)',
  source: 'arXiv 2305.13245',
  keys: {
    heads: key('query heads', count),
    kv_heads: key('key and value heads; divides `heads`', count),
    head_dim: key('width of a head', count),
    v_dim: key('width of a value head', count),
    ...shared,
    bias: key('projections with a bias', projections('q', 'k', 'v', 'o')),
    qk_norm: key('norm of queries and keys', orNone(constructType(qkNormKind, ownersOf))),
    softcap: key('c * tanh(score / c), before the mask', softcap),
    rope,
    pos: key(
      'positions as a bias on the scores; beside the rotation unless rope = none',
      orNone(constructType(distanceKind, ownersOf)),
    ),
    kv_from: key('the earlier layer whose keys and values are used again', orNone(whole)),
    kv_share: key('whether one projection gives keys and values', flag),
    sink: key('a logit per head without a value', orNone(constructType(sinkKind, ownersOf))),
    gate: key('gate on the heads', orNone(constructType(gateKind, ownersOf))),
    diff: key('heads in pairs, of which the second is taken off the first', orNone(constructType(differenceKind, ownersOf))), // prettier-ignore
    out_norm: key('norm of all heads together, before `o` (BitNet)', orNone(norm)),
    clip_qkv: key('q, k and v are clamped to [-clip, clip] after their projections', orNone(positive)),
  },
};

export const mla = {
  about:
    'Multi-head latent attention: keys and values of all heads come from one small latent, which is what is cached.',
  formula:
    'q = q_up norm(q_down x); [c, k_r] = kv_down x; [k, v] = kv_up norm(c); k = [k, rope(k_r)], k_r shared by heads',
  source: 'arXiv 2405.04434',
  keys: {
    heads: key('heads', count),
    q_rank: key('width of the latent of queries; none: queries straight from x', orNone(count)),
    kv_rank: key('width of the latent of keys and values', count),
    nope_dim: key('dims of a head without rotation', count),
    rope_dim: key('dims of a head that rotate; their key is shared by all heads', count),
    v_dim: key('width of a value head', count),
    ...shared,
    latent_norm: key('norm of both latents', orNone(norm)),
    softcap: key('c * tanh(score / c), before the mask', softcap),
    bias: key('projections with a bias', projections('q', 'q_down', 'q_up', 'kv_down', 'kv_up', 'o')),
    rope,
    cache: key('what decoding keeps: the latent, or keys and values of all heads', oneOf('latent', 'full')),
  },
};
