// Takes: an attention mixer. Gives: what happens to its scores, which pairs are seen, the biases of its heads.
// Promises: expressions over `score`, `bias`, `query`, `key` (positions); a bias is data of the model, no parameter.
import type { AlibiSpec, GqaSpec, MaskSpec } from '../../../2-check/model.ts';
import { add, and, cast, constant, div, eq, le, lt, min, mul, sub, variable } from '../../expr-build.ts';
import type { Expr } from '../../expr.ts';
import { elementwise } from '../../node-build.ts';
import type { Node } from '../../ops.ts';
import type { Dim } from '../../types.ts';
import { softcap } from '../lowering.ts';
import type { Lowering } from '../lowering.ts';

const query = variable('query', 'i32');
const key = variable('key', 'i32');

/** Which pairs of positions are seen, over `query` and `key`. */
export function maskExpr(mask: MaskSpec): Expr {
  switch (mask.kind) {
    case 'full':
      return constant(1, 'bool');
    case 'causal':
      return le(key, query);
    case 'window':
      return lt(sub(query, mask.size), key);
    case 'chunk':
      return eq(div(key, mask.size), div(query, mask.size));
    case 'all':
      break;
  }
  return mask.parts.map(maskExpr).reduce(and, constant(1, 'bool'));
}

/** Scaled and capped, over `score`; with ALiBi over `bias` too. */
export function scoreExpr({ scale, softcap: cap, alibi }: GqaSpec): Expr {
  const raw = variable('score', 'f32');
  const scaled = mul(alibi?.scaled ? add(raw, biasTerm(alibi)) : raw, scale);
  const capped = cap === null ? scaled : softcap(scaled, cap);
  return alibi && !alibi.scaled ? add(capped, biasTerm(alibi)) : capped;
}

/** `bias` is the slope of the head or, where it was rounded, slope * key: the same but for a number per query. */
function biasTerm({ round }: AlibiSpec): Expr {
  const bias = variable('bias', 'f32');
  return round === null ? mul(bias, cast(sub(key, query), 'f32')) : bias;
}

/** slope_h of each head; see AlibiSpec. */
export function alibiSlopes(heads: number, maxBias: number): number[] {
  const n = 2 ** Math.floor(Math.log2(heads));
  const first = Array.from({ length: n }, (_, i) => 2 ** ((-maxBias * (i + 1)) / n));
  const others = Array.from({ length: heads - n }, (_, i) => 2 ** ((-maxBias * (2 * i + 1)) / (2 * n)));
  return [...first, ...others];
}

/** What the variable `bias` of the score stands for: [kv_heads, group], or [key, kv_heads, group] where it was rounded. */
export function attentionBias(l: Lowering, { alibi, heads, kvHeads }: GqaSpec, keys: Dim): Node | null {
  if (alibi === null) return null;
  const { builder } = l;
  const dims = [{ name: 'kv_heads', size: kvHeads }, { name: 'group', size: heads / kvHeads }]; // prettier-ignore
  const slopes = alibiSlopes(heads, alibi.maxBias);
  if (alibi.round === null)
    return builder.add('constant', { data: { kind: 'values', values: slopes }, type: { type: 'f32', dims } }, []);
  // Rows a multiple of four long: the CPU reads four keys at once.
  const positions = 4 * Math.ceil(l.model.context / 4);
  const all = { type: 'f32', dims: [...dims, { name: 'position', size: positions }] } as const;
  const table = builder.add('constant', { data: { kind: 'bias_table', slopes, positions }, type: all }, []);
  const index = builder.add('iota', { dim: keys }, []);
  // Keys beyond the context are padding.
  const within = elementwise(builder, [index], (i) => min(i, positions - 1));
  return builder.add('gather', { dim: 'position' }, [table, within]);
}
