// Takes: the attributes of an attention and the types of q, k, v. Gives: which dims are batch, query heads, queries, keys.
// Promises: the three tensors fit each other, or InvariantError.
import { invariant } from '../../diagnostics.ts';
import { dimOf, formatType, hasDim, without } from './dims.ts';
import { variablesOf } from '../expr/walk.ts';
import type { AttentionAttrs } from '../ops.ts';
import type { Dim, TensorType } from '../types.ts';

export interface AttentionDims {
  /** Shared by q and k, in q's order: [batch, kv_heads]. */
  readonly batch: readonly Dim[];
  /** Dims of q that k lacks, but queries: the query heads of one key head. */
  readonly heads: readonly Dim[];
  readonly query: Dim;
  readonly key: Dim;
  readonly depth: Dim;
  readonly valueDepth: Dim;
}

/** Whether the score adds a bias, which is an input then. */
export const hasBias = ({ score }: AttentionAttrs): boolean => variablesOf(score).has('bias');

/** The bias among the inputs of an attention or, when `isGradient`, of an attention_grad. */
export function biasOf<T>(attrs: AttentionAttrs, inputs: readonly T[], isGradient: boolean): T | undefined {
  return hasBias(attrs) ? inputs[isGradient ? 7 : 4] : undefined;
}

/** Loop order of the dropout counter: row-major over batch, heads, query, key. */
export const pairDims = (d: AttentionDims): Dim[] => [...d.batch, ...d.heads, d.query, d.key];

export function attentionDims(attrs: AttentionAttrs, q: TensorType, k: TensorType, v: TensorType): AttentionDims {
  const rest = without(q, [attrs.query, attrs.depth]);
  const dims: AttentionDims = {
    batch: rest.filter((d) => hasDim(k, d.name)),
    heads: rest.filter((d) => !hasDim(k, d.name)),
    query: dimOf(q, attrs.query),
    key: dimOf(k, attrs.key),
    depth: dimOf(q, attrs.depth),
    valueDepth: dimOf(v, attrs.valueDepth),
  };
  invariant(!hasDim(q, attrs.key) && !hasDim(k, attrs.query), 'queries and keys are on dims of their own');
  checkHas(k, [...dims.batch, dims.key, dims.depth], 'k');
  checkHas(v, [...dims.batch, dims.key, dims.valueDepth], 'v');
  return dims;
}

function checkHas(t: TensorType, dims: readonly Dim[], name: string): void {
  const fits = t.dims.length === dims.length && dims.every((d) => dimOf(t, d.name).size === d.size);
  invariant(
    fits,
    `${name} of attention is ${formatType(t)}, its dims should be [${dims.map((d) => d.name).join(', ')}]`,
  );
}
