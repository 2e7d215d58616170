// Takes: nothing. Gives: fused groups: what is computed, not how. Targets (6-kernels) say how.
// Promises: all sizes are numbers; groups run in order; a tensor is written before it is read.
import type { Expr } from '../3-graph/expr.ts';
import type { Init } from '../2-check/model.ts';
import type { ScalarType } from '../3-graph/types.ts';
import type { ConstantData, TensorRole } from '../7-plan/plan.ts';

/** An axis of an iteration space. In expressions, `var` of its name (i32) is its index. */
export interface Axis {
  readonly name: string;
  readonly size: number;
}

/** A tensor of a program, row-major over `dims`. `temporary` ones live in the arena. */
export interface ProgramTensor {
  readonly id: number;
  readonly name: string;
  readonly role: TensorRole | 'temporary';
  readonly type: ScalarType;
  readonly dims: readonly Axis[];
  readonly data?: ConstantData;
  readonly init?: Init;
  /** Of a shadow: its parameter. */
  readonly of?: string;
  /** It is no tensor of its own but these elements of another, from `start` on. Made when a program is planned. */
  readonly window?: { readonly of: number; readonly start: number };
}

/** tensor[index...] = value. An in-place store reads the same element of the same tensor only. */
export interface Store {
  readonly tensor: number;
  readonly index: readonly Expr[];
  readonly value: Expr;
}

/** For every point of `axes`, every store. In all families no store reads what an earlier one has written. */
export interface MapGroup {
  readonly kind: 'map';
  readonly name: string;
  readonly axes: readonly Axis[];
  readonly stores: readonly Store[];
}

/**
 * For every point of `axes` (a row): the reductions in order over all points of `row`; a reduction's value may use the
 * results of earlier ones (`var` of their names). Then `rowStores` once per row, `elementStores` for every point of the row.
 */
export interface RowGroup {
  readonly kind: 'row';
  readonly name: string;
  readonly axes: readonly Axis[];
  readonly row: readonly Axis[];
  readonly reductions: readonly { readonly result: string; readonly fn: 'sum' | 'max'; readonly value: Expr }[];
  readonly rowStores: readonly Store[];
  readonly elementStores: readonly Store[];
}

/**
 * For every point of batch x m x n: accumulator = sum over its terms of the sum over k of a * b. `a` is over batch, m and
 * the term's k; `b` over batch, n and k. Both are f32: an operand in halves stands as `cast(x, f32)`. Then the stores, over
 * batch, m, n, with each accumulator as a `var` of its name.
 */
export interface ContractGroup {
  readonly kind: 'contract';
  readonly name: string;
  readonly batch: readonly Axis[];
  readonly m: readonly Axis[];
  readonly n: readonly Axis[];
  readonly accumulators: readonly Accumulator[];
  readonly stores: readonly Store[];
}

export interface Accumulator {
  readonly result: string;
  readonly terms: readonly { readonly k: readonly Axis[]; readonly a: Expr; readonly b: Expr }[];
}

/** What forward and backward attention share. All expressions are f32 elements at the axes named; halves stand as casts. */
export interface AttentionParts {
  /** Batch dims shared by q and k: [batch, kv_heads]. */
  readonly batch: readonly Axis[];
  /** Query heads of one key head; may be empty. */
  readonly heads: readonly Axis[];
  readonly query: Axis;
  readonly key: Axis;
  readonly depth: Axis;
  readonly valueDepth: Axis;
  /** Over batch, heads, query, depth. */
  readonly q: Expr;
  /** Over batch, key, depth. */
  readonly k: Expr;
  /** Over batch, key, valueDepth. */
  readonly v: Expr;
  /** i32 scalar: position of query 0. */
  readonly offset: Expr;
  /** Over `score`, `query_position`, `key_position`, and elements at batch, heads, key. */
  readonly score: Expr;
  /** Over `query_position`, `key_position`; bool. */
  readonly mask: Expr;
  /** u32 scalar seed; keep where random(stream, row-major index over batch, heads, query, key) >= rate. */
  readonly dropout: { readonly rate: number; readonly stream: number; readonly seed: Expr } | null;
}

export interface AttentionGroup extends AttentionParts {
  readonly kind: 'attention';
  readonly name: string;
  /** Over batch, heads, query, valueDepth with `var out`. */
  readonly outStores: readonly Store[];
  /** Over batch, heads, query with `var lse`. */
  readonly lseStores: readonly Store[];
}

/** One pass per query block (stores of q), or one per key block (stores of k and v). */
export interface AttentionGradGroup extends AttentionParts {
  readonly kind: 'attention_grad';
  readonly name: string;
  readonly pass: 'query' | 'key';
  /** Over batch, heads, query, valueDepth. */
  readonly dout: Expr;
  /** Over batch, heads, query. */
  readonly lse: Expr;
  readonly delta: Expr;
  /** pass query: over batch, heads, query, depth with `var dq`. */
  readonly dqStores: readonly Store[];
  /** pass key: over batch, key, depth with `var dk`; over batch, key, valueDepth with `var dv`. */
  readonly dkStores: readonly Store[];
  readonly dvStores: readonly Store[];
}

/**
 * For every point of bins x axes: sum = the sum of `value` over all points of `items` with bin == the index along `bins`;
 * then the stores with `var sum`. `bin` (i32) is over items; `value` over items and axes.
 */
export interface ScatterGroup {
  readonly kind: 'scatter';
  readonly name: string;
  readonly bins: Axis;
  readonly axes: readonly Axis[];
  readonly items: readonly Axis[];
  readonly bin: Expr;
  readonly value: Expr;
  readonly stores: readonly Store[];
}

export type Group = MapGroup | RowGroup | ContractGroup | AttentionGroup | AttentionGradGroup | ScatterGroup;

export interface Program {
  readonly name: string;
  readonly tensors: readonly ProgramTensor[];
  readonly groups: readonly Group[];
}
