// Takes: the input of an attention mixer. Gives: its output, d_model wide.
// Promises: query heads stay grouped by their key head: [batch, seq, kv_heads, group, head_dim].
import type { GqaSpec } from '../../../2-check/model.ts';
import { max, min } from '../../expr-build.ts';
import { dimOf } from '../../infer/dims.ts';
import { elementwise } from '../../node-build.ts';
import type { Node } from '../../ops.ts';
import type { Dim } from '../../types.ts';
import { attentionBias, maskExpr, scoreExpr } from './score.ts';
import { difference, pairedValues } from './difference.ts';
import { lowerRope } from '../lower-rope.ts';
import { BATCH, linear, norm } from '../lowering.ts';
import type { Lowering } from '../lowering.ts';
import { projectionDims } from '../../../2-check/parameters/mixers.ts';

/** min(max(x W^T + b, -clip), clip) */
function projected(l: Lowering, name: string, { clipQkv: clip }: GqaSpec, x: Node): Node {
  const y = linear(l, name, x);
  return clip === null ? y : elementwise(l.builder, [y], (z) => min(max(z, -clip), clip));
}

/** Queries or keys, normed and rotated: x W^T as [batch, seq, ..heads, head_dim]. */
function heads(l: Lowering, name: string, part: 'q' | 'k', spec: GqaSpec, x: Node): Node {
  const { builder } = l;
  const flat = projectionDims(spec)[part].name;
  const group = part === 'q' ? [{ name: 'group', size: spec.heads / spec.kvHeads }] : [];
  const into: Dim[] = [{ name: 'kv_heads', size: spec.kvHeads }, ...group, { name: 'head_dim', size: spec.headDim }];
  const split = (y: Node) => builder.add('split', { dim: flat, into }, [y]);
  const merge = (y: Node) => builder.add('merge', { dims: into.map((dim) => dim.name), into: flat }, [y]);
  const rotate = (y: Node) => (spec.rope ? lowerRope(l, spec.rope, spec.headDim, y) : y);
  const { qkNorm } = spec;
  const y = builder.at({ path: part }, () => projected(l, `${name}.${part}`, spec, x));
  if (!qkNorm) return rotate(split(y));
  // A weight of each head [heads, head_dim] is one of each key head and of its query heads.
  const ofHeads = (w: Node) =>
    part === 'q' ? builder.add('split', { dim: 'heads', into: into.slice(0, -1) }, [w]) : w;
  const shape = qkNorm.per === 'each_head' ? ofHeads : (w: Node) => w;
  const normed = (z: Node, dim: string) =>
    builder.at({ path: `${part}_norm` }, () => norm(l, `${name}.${part}_norm`, qkNorm, z, dim, shape));
  if (qkNorm.per !== 'full') {
    return qkNorm.order === 'before_rope' ? rotate(normed(split(y), 'head_dim')) : normed(rotate(split(y)), 'head_dim');
  }
  return qkNorm.order === 'before_rope' ? rotate(split(normed(y, flat))) : split(normed(merge(rotate(split(y))), flat));
}

function values(l: Lowering, name: string, spec: GqaSpec, x: Node): Node {
  const y = l.builder.at({ path: 'v' }, () => projected(l, `${name}.v`, spec, x));
  const into = [
    { name: 'kv_heads', size: spec.kvHeads },
    { name: 'head_dim', size: spec.headDim },
  ];
  return l.builder.add('split', { dim: projectionDims(spec).v.name, into }, [y]);
}

/** Keys or values of this run, after those of the cache: [batch, key or past, kv_heads, head_dim]. */
function remember(l: Lowering, name: string, spec: GqaSpec, x: Node): Node {
  const { builder, offset } = l;
  if (!l.cached || !offset) return builder.add('rename', { from: 'seq', to: 'key' }, [x]);
  const dims = [
    BATCH,
    { name: 'past', size: 'past' },
    { name: 'kv_heads', size: spec.kvHeads },
    { name: 'head_dim', size: spec.headDim },
  ];
  const cache = builder.add('source', { name: `cache.${name}`, role: 'state', type: { type: 'f32', dims } }, []);
  const rows = builder.add('rename', { from: 'seq', to: 'past' }, [x]);
  const updated = builder.add('update', { dim: 'past' }, [cache, rows, offset]);
  builder.update(cache, updated);
  return updated;
}

/** Grouped-query attention of the mixer called `name` (`layers.0.attn`); x, result: [batch, seq, d_model]. */
export function lowerAttention(l: Lowering, name: string, spec: GqaSpec, x: Node): Node {
  const { builder } = l;
  const q = heads(l, name, 'q', spec, x);
  const k = remember(l, `${name}.k`, spec, heads(l, name, 'k', spec, x));
  const own = remember(l, `${name}.v`, spec, values(l, name, spec, x));
  const { diff, outNorm } = spec;
  const v = diff ? pairedValues(l, spec, own) : own;
  const rate = l.dropout?.rates.attention ?? 0;
  const drop = l.dropout && rate > 0 ? { rate, stream: l.dropout.stream() } : null;
  const attrs = {
    part: 'out',
    query: 'seq',
    key: l.cached ? 'past' : 'key',
    depth: 'head_dim',
    valueDepth: diff ? 'value_dim' : 'head_dim',
    score: scoreExpr(spec),
    mask: maskExpr(spec.mask),
    dropout: drop,
  } as const;
  const offset = l.offset ?? builder.add('constant', ZERO, []);
  const seed = l.dropout && drop ? [l.dropout.seed] : [];
  const bias = attentionBias(l, spec, dimOf(k.type, attrs.key));
  const out = builder.add('attention', attrs, [q, k, v, offset, ...(bias ? [bias] : []), ...seed]);
  const flat = projectionDims(spec).o.name;
  const left = diff ? difference(l, name, spec, diff, out) : out;
  const merged = builder.add('merge', { dims: diff ? ['pair', 'group', 'value_dim'] : ['kv_heads', 'group', 'head_dim'], into: flat }, [left]); // prettier-ignore
  const normed = outNorm ? builder.at({ path: 'out_norm' }, () => norm(l, `${name}.out_norm`, outNorm, merged, flat)) : merged; // prettier-ignore
  return builder.at({ path: 'o' }, () => linear(l, `${name}.o`, normed));
}

const ZERO = { data: { kind: 'values', values: [0] }, type: { type: 'i32', dims: [] } } as const;
