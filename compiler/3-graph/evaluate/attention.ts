// Takes: an attention (or its gradient) with its inputs as tensors. Gives: the elements of its result.
// Promises: the textbook formulas, one query row at a time; nothing of FlashAttention's order of work.
import { invariant } from '../../diagnostics.ts';
import { attentionDims, biasOf } from '../infer/attention-dims.ts';
import { differentiateExpr } from '../expr/differentiate-expr.ts';
import { roundToHalf } from '../expr/half.ts';
import type { AttentionAttrs } from '../ops.ts';
import type { Dim } from '../types.ts';
import { streamKey, uniformOf } from '../random.ts';
import { compileExpr } from './compile-expr.ts';
import { arranged, countOf } from './tensor.ts';
import type { Axis, Tensor } from './tensor.ts';

/** lse of a query that sees no key; finite, because WGSL has no infinities. */
export const noKeyLse = -3.0e38;

/** q, k, v as [batch, heads, query, depth], [batch, key, depth], [batch, key, valueDepth]; sizes as numbers. */
interface Problem {
  readonly attrs: AttentionAttrs;
  readonly q: Float64Array;
  readonly k: Float64Array;
  readonly v: Float64Array;
  /** [batch, heads] and the sizes of all parts. */
  readonly outer: readonly Axis[];
  readonly batch: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  readonly depth: number;
  readonly valueDepth: number;
  readonly query: Axis;
  readonly offset: number;
  readonly seed: number;
  /** [batch, heads, key] */
  readonly bias: Float64Array | null;
  readonly orders: { readonly q: readonly Axis[]; readonly k: readonly Axis[]; readonly v: readonly Axis[]; readonly out: readonly Axis[]; readonly row: readonly Axis[] }; // prettier-ignore
}

const axes = (list: readonly Dim[]): Axis[] => list.map(({ name, size }) => ({ name, size: Number(size) }));

function problemOf(attrs: AttentionAttrs, inputs: readonly Tensor[], isGradient: boolean): Problem {
  const [q, k, v, offset] = inputs;
  invariant(q && k && v && offset, 'attention has four inputs');
  const d = attentionDims(attrs, q, k, v);
  const [batch, heads, [query, key, depth, valueDepth]] = [axes(d.batch), axes(d.heads), axes([d.query, d.key, d.depth, d.valueDepth])]; // prettier-ignore
  invariant(query && key && depth && valueDepth, 'four axes');
  const row = [...batch, ...heads, query];
  const bias = biasOf(attrs, inputs, isGradient);
  const orders = { q: [...row, depth], k: [...batch, key, depth], v: [...batch, key, valueDepth], out: [...row, valueDepth], row }; // prettier-ignore
  return {
    attrs, orders, query,
    q: arranged(q, orders.q), k: arranged(k, orders.k), v: arranged(v, orders.v),
    outer: [...batch, ...heads], batch: countOf(batch), heads: countOf(heads),
    queries: query.size, keys: key.size, depth: depth.size, valueDepth: valueDepth.size,
    offset: offset.data[0] ?? NaN, bias: bias ? arranged(bias, [...batch, ...heads, key]) : null,
    seed: attrs.dropout ? (inputs.at(-1)?.data[0] ?? NaN) : 0,
  }; // prettier-ignore
}

/** What one query row sees: raw scores q . k, their probabilities, and what dropout multiplies them by. */
interface Row {
  /** Index over [batch, heads, query]. */
  readonly index: number;
  /** Start of this row's keys in [batch, key]. */
  readonly firstKey: number;
  readonly raw: Float64Array;
  /** Of each key. */
  readonly bias: Float64Array;
  readonly scores: Float64Array;
  readonly seen: readonly boolean[];
  readonly kept: Float64Array;
  readonly position: number;
}

const scoreSlots = new Map([['score', 0], ['query', 1], ['key', 2], ['bias', 3]]); // prettier-ignore

function dot(a: Float64Array, aStart: number, b: Float64Array, bStart: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += (a[aStart + i] ?? NaN) * (b[bStart + i] ?? NaN);
  return sum;
}

function* rowsOf(p: Problem): Generator<Row> {
  const score = compileExpr(p.attrs.score, { slotOf: scoreSlots });
  const mask = compileExpr(p.attrs.mask, { slotOf: scoreSlots });
  const { dropout } = p.attrs;
  const key = dropout ? streamKey(p.seed, dropout.stream) : 0;
  const rate = dropout ? Math.fround(dropout.rate) : 0;
  for (let index = 0; index < p.batch * p.heads * p.queries; index++) {
    const position = p.offset + (index % p.queries);
    const firstKey = Math.floor(index / (p.heads * p.queries)) * p.keys;
    const raw = new Float64Array(p.keys).map((_, j) =>
      dot(p.q, index * p.depth, p.k, (firstKey + j) * p.depth, p.depth),
    );
    const firstBias = Math.floor(index / p.queries) * p.keys;
    const bias = raw.map((_, j) => p.bias?.[firstBias + j] ?? NaN);
    const scores = raw.map((s, j) => score(Float64Array.of(s, position, j, bias[j] ?? NaN)));
    const seen = Array.from(raw, (_, j) => mask(Float64Array.of(0, position, j)) !== 0);
    const kept = raw.map((_, j) => (!dropout ? 1 : uniformOf(key, index * p.keys + j) >= rate ? 1 / (1 - rate) : 0));
    yield { index, firstKey, raw, bias, scores, seen, kept, position };
  }
}

function rowLse({ scores, seen }: Row): number {
  const top = scores.reduce((m, s, j) => (seen[j] ? Math.max(m, s) : m), -Infinity);
  if (top === -Infinity) return noKeyLse;
  return top + Math.log(scores.reduce((sum, s, j) => (seen[j] ? sum + Math.exp(s - top) : sum), 0));
}

const probabilities = ({ scores, seen }: Row, lse: number): Float64Array =>
  scores.map((s, j) => (seen[j] ? Math.exp(s - lse) : 0));

/** out = sum over keys of dropout(softmax(score(q . k))) v, or the log of the softmax's denominator. */
export function attention(
  attrs: AttentionAttrs & { part: 'out' | 'lse' },
  inputs: readonly Tensor[],
  dims: readonly Axis[],
): Float64Array {
  // prettier-ignore
  const p = problemOf(attrs, inputs, false);
  const { type } = inputs[0] ?? { type: 'f32' as const };
  const lse = new Float64Array(countOf(p.orders.row));
  const out = new Float64Array(countOf(p.orders.out));
  for (const row of rowsOf(p)) {
    lse[row.index] = rowLse(row);
    probabilities(row, rowLse(row)).forEach((probability, j) => {
      addScaled(out, row.index * p.valueDepth, p.v, (row.firstKey + j) * p.valueDepth, p.valueDepth, probability * (row.kept[j] ?? 0)); // prettier-ignore
    });
  }
  if (attrs.part === 'lse') return arranged({ type: 'f32', dims: p.orders.row, data: lse }, dims);
  const data = type === 'f16' ? out.map(roundToHalf) : out;
  return arranged({ type, dims: p.orders.out, data }, dims);
}

function addScaled(
  into: Float64Array,
  at: number,
  from: Float64Array,
  start: number,
  count: number,
  scale: number,
): void {
  // prettier-ignore
  if (scale === 0) return;
  for (let i = 0; i < count; i++) into[at + i] = (into[at + i] ?? 0) + scale * (from[start + i] ?? NaN);
}

/**
 * With P = exp(score - lse) where seen and M what dropout multiplies by:
 * dv = sum_q P M dout; dscore = P (M (dout . v) - delta); draw = dscore * d score / d raw; dq = sum_k draw k; dk = sum_q draw q.
 */
export function attentionGrad(
  attrs: AttentionAttrs & { part: 'q' | 'k' | 'v' },
  inputs: readonly Tensor[],
  dims: readonly Axis[],
): Float64Array {
  // prettier-ignore
  const p = problemOf(attrs, inputs, true);
  const [doutT, lseT, deltaT] = inputs.slice(4);
  invariant(doutT && lseT && deltaT, 'attention_grad has seven inputs');
  const [dout, lse, delta] = [arranged(doutT, p.orders.out), arranged(lseT, p.orders.row), arranged(deltaT, p.orders.row)]; // prettier-ignore
  const slope = compileExpr(differentiateExpr(attrs.score, 'score'), { slotOf: scoreSlots });
  const order = p.orders[attrs.part];
  const out = new Float64Array(countOf(order));
  for (const row of rowsOf(p)) {
    const [query, value] = [row.index * p.depth, row.index * p.valueDepth];
    probabilities(row, lse[row.index] ?? NaN).forEach((probability, j) => {
      if (probability === 0) return;
      const [key, keyValue] = [(row.firstKey + j) * p.depth, (row.firstKey + j) * p.valueDepth];
      const kept = row.kept[j] ?? 0;
      if (attrs.part === 'v') return addScaled(out, keyValue, dout, value, p.valueDepth, probability * kept);
      const dscore = probability * (kept * dot(dout, value, p.v, keyValue, p.valueDepth) - (delta[row.index] ?? NaN));
      const draw = dscore * slope(Float64Array.of(row.raw[j] ?? NaN, row.position, j, row.bias[j] ?? NaN));
      if (attrs.part === 'q') addScaled(out, query, p.k, key, p.depth, draw);
      else addScaled(out, key, p.q, query, p.depth, draw);
    });
  }
  return arranged({ type: 'f32', dims: order, data: out }, dims);
}
