// Takes: nothing. Gives: the constructors of mixers: what moves information between tokens.
// Promises: as kinds.ts: each key says what it is; defaults stand in specs/std.
import { mask, projections, softcap } from './forms.ts';
import { key } from './key-type.ts';
import { constructType } from './kind.ts';
import { qkNormKind } from './norm-kinds.ts';
import { forms, kindOf, ownersOf } from './register.ts';
import { ropeKind } from './rope-kinds.ts';
import { count, orNone, real } from './scalars.ts';

export const mixerKind = kindOf({
  name: 'mixer',
  about: 'What moves information between tokens.',
  role: 'mixer',
  constructors: {
    gqa: {
      about: 'Softmax attention whose query heads share key heads; kv_heads = heads is multi-head, 1 is multi-query.',
      formula: 'o(softmax(scale * q k^T + mask) v), query head i reads key head floor(i * kv_heads / heads)',
      source: 'arXiv 2305.13245',
      keys: {
        heads: key('query heads', count),
        kv_heads: key('key and value heads; divides `heads`', count),
        head_dim: key('width of a head', count),
        scale: key('factor on the scores', real),
        mask: key('which pairs of positions are seen', mask),
        bias: key('projections with a bias', projections('q', 'k', 'v', 'o')),
        qk_norm: key('norm of queries and keys', orNone(constructType(qkNormKind, ownersOf))),
        softcap: key('c * tanh(score / c), before the mask', softcap),
        rope: key('rotation of queries and keys by position', orNone(constructType(ropeKind, ownersOf))),
        ...forms('kv_from', 'sink', 'gate', 'qk_clip', 'clip_qkv', 'kv_share', 'v_dim', 'sparse', 'cache', 'value_residual', 'absorb', 'position'), // prettier-ignore
      },
    },
  },
  unbuilt: ['mla', 'mamba', 'mamba1', 'mamba2', 'gated_delta', 'delta', 'linear', 'rwkv7', 'rg_lru', 'conv', 'experts'],
});
