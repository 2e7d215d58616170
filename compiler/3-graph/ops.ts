// Takes: nothing. Gives: the list of ops, with the attributes and the meaning of each. A new op starts here.
// Promises: every pass has one total table over `OpName`, so a new op does not compile until each pass knows it.
import type { Span } from '../../grammar/source.ts';
import type { Init } from '../2-check/model.ts';
import type { ConstantData, TensorRole } from '../7-plan/plan.ts';
import type { Expr } from './expr.ts';
import type { Dim, TensorType } from './types.ts';

/** Primitives: their meaning is given by `evaluate` alone. */
export interface PrimitiveAttrs {
  /** A named tensor from outside. `init` says how a parameter starts; `of` names the parameter of a shadow. */
  source: {
    readonly name: string;
    readonly role: Exclude<TensorRole, 'output' | 'constant'>;
    readonly type: TensorType;
    readonly init?: Init;
    readonly of?: string;
  };
  constant: { readonly data: ConstantData; readonly type: TensorType };
  /** 0, 1, 2, ... along its one dim, i32. */
  iota: { readonly dim: Dim };
  /**
   * Elementwise: `expr` over the variables a, b, c, ... (the inputs in order). Inputs broadcast by dim name;
   * the result has the union of their dims, in order of first appearance.
   */
  map: { readonly expr: Expr };
  /** (seed u32 []) -> uniform f32 [0, 1); counter = row-major index of the element. */
  random: { readonly stream: number; readonly dims: readonly Dim[] };
  /** Sum or maximum over the named dims. */
  reduce: { readonly fn: 'sum' | 'max'; readonly dims: readonly string[] };
  /**
   * Sum over `over` of a * b, both f32 or both f16; dims shared and not summed are batch dims. Result: f32, dims of a, then
   * of b, in order.
   */
  contract: { readonly over: readonly string[] };
  /** Adds dims in front, constant along them. */
  broadcast: { readonly dims: readonly Dim[] };
  rename: { readonly from: string; readonly to: string };
  /** Memory order of the dims. */
  permute: { readonly order: readonly string[] };
  /** One dim into several, row-major, in its place. */
  split: { readonly dim: string; readonly into: readonly Dim[] };
  /** Several dims into one, row-major in the order given; it stands where the first of them stood. */
  merge: { readonly dims: readonly string[]; readonly into: string };
  /** Elements [start, start + size) of `dim`. */
  slice: { readonly dim: string; readonly start: number; readonly size: Dim['size'] };
  /** Zeros before and after along `dim`. */
  pad: { readonly dim: string; readonly before: number; readonly after: number };
  /** All inputs have the same dims but for the (numeric) size of `dim`. */
  concat: { readonly dim: string };
  /**
   * Rotation of pairs by 90 degrees along `dim` of even size n. half: y_j = -x_{j+n/2} (j < n/2), x_{j-n/2}.
   * interleaved: y_{2j} = -x_{2j+1}, y_{2j+1} = x_{2j}. `inverse` rotates back (the transpose, = negation).
   */
  rotate_pairs: { readonly dim: string; readonly pairing: 'half' | 'interleaved'; readonly inverse: boolean };
  /** (table [.., dim, ..], indices i32 [I..]) -> [I.., table dims without dim]. Indices must be in range. */
  gather: { readonly dim: string };
  /** (indices i32 [I..], updates [I.., R..]) -> [dim, R..], the sum of the updates per index; the transpose of gather. */
  scatter_add: { readonly dim: Dim };
  /** (target, value, position i32 []) -> target with value written at [position, position + size) of `dim`, in place. */
  update: { readonly dim: string };
  /**
   * (x, token) -> x, computed once the token is there. Of the token only its being there counts. What is computed from it is
   * kept apart from what is computed from x, so that it may be computed again, later.
   */
  after: Readonly<Record<string, never>>;
}

/** A softmax attention over (query, key) pairs; see `attention`. */
export interface AttentionAttrs {
  /** Dims of q that are not batch: queries, and the depth summed in q . k. Keys of k and v; depth of v. */
  readonly query: string;
  readonly key: string;
  readonly depth: string;
  readonly valueDepth: string;
  /**
   * Over `score` (q . k, f32), `query`, `key` (positions, i32): the scaled, capped score. `bias` (f32) may be used too: then
   * an input of that name is given.
   */
  readonly score: Expr;
  /** Over `query`, `key`: bool, whether the pair is seen. */
  readonly mask: Expr;
  /** Probabilities are dropped at this rate (kept ones divided by 1 - rate) with this stream; null: no seed input. */
  readonly dropout: { readonly rate: number; readonly stream: number } | null;
}

/** Composites: `decompose` gives their meaning in primitives (attention: `evaluate` too, directly). */
export interface CompositeAttrs {
  /** (x, [gain], [bias]) normalised over `dims`. rms: x / sqrt(mean(x^2) + eps); layer: (x - mean) / sqrt(var + eps). */
  norm: {
    readonly kind: 'rms' | 'layer';
    readonly dims: readonly string[];
    readonly eps: number;
    readonly gain: 'weight' | 'one_plus' | 'none';
    readonly bias: boolean;
  };
  /** (x, cos, sin) -> x * cos + rotate_pairs(x) * sin along `dim`. arXiv 2104.09864 */
  rope: { readonly dim: string; readonly pairing: 'half' | 'interleaved' };
  /** log(sum(exp(x))) over `dim`, computed against the maximum. */
  logsumexp: { readonly dim: string };
  /**
   * (logits [.., dim], labels i32 [..]) -> loss [..] = lse - logits[label] + zLoss * lse^2, 0 where label == ignore.
   */
  cross_entropy: { readonly dim: string; readonly ignore: number | null; readonly zLoss: number };
  /** (x, seed u32 []) -> x * (u >= rate) / (1 - rate). */
  dropout: { readonly rate: number; readonly stream: number };
  /**
   * (q, k, v, offset i32 [], [bias], [seed u32 []]). Query position = offset + index along `query`; key position = index
   * along `key`. Dims of q that k lacks (besides query) are the query heads of one key head. bias: f32 over any of the
   * dims of q but query and depth, and key; it has no gradient. part out: of q's type, [q dims, valueDepth for depth]; part
   * lse: log sum exp of the seen scores, f32 [q dims without depth]. A query that sees no key gives 0.
   */
  attention: AttentionAttrs & { readonly part: 'out' | 'lse' };
  /**
   * (q, k, v, offset, dout, lse, delta, [bias], [seed]); dout of q's type, lse and delta f32; delta = sum over valueDepth of
   * out * dout. The gradient of q, k or v, f32.
   * FlashAttention-2, arXiv 2307.08691.
   */
  attention_grad: AttentionAttrs & { readonly part: 'q' | 'k' | 'v' };
}

export type OpAttrs = PrimitiveAttrs & CompositeAttrs;
export type PrimitiveName = keyof PrimitiveAttrs;
export type CompositeName = keyof CompositeAttrs;
export type OpName = keyof OpAttrs;

/** Where a node came from: printed by errors, profiles and kernel names. */
export interface Origin {
  /** `layers.0.attn.q` */
  readonly path: string;
  readonly span?: Span;
}

export interface NodeOf<K extends OpName> {
  readonly id: number;
  readonly op: K;
  readonly attrs: OpAttrs[K];
  readonly inputs: readonly Node[];
  readonly type: TensorType;
  readonly origin: Origin;
}

/** One op applied to its inputs; ids rise from inputs to outputs. */
export type Node = { [K in OpName]: NodeOf<K> }[OpName];

export interface Graph {
  readonly name: string;
  /** In topological order. */
  readonly nodes: readonly Node[];
  readonly outputs: readonly { readonly name: string; readonly value: Node }[];
  /** After a run the source's storage holds the value. */
  readonly updates: readonly { readonly source: NodeOf<'source'>; readonly value: Node }[];
}

export type Attrs<K extends OpName> = OpAttrs[K];
