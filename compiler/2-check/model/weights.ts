// Takes: nothing. Gives: a map between the parameters of a model and tensors on disk.
// Promises: a bijection: each parameter is read from one place and each tensor is read once, so a map also writes.

/** What is done to a tensor on its way in; its inverse on the way out. */
export type WeightStep =
  | { readonly kind: 'transpose' }
  /** Rows of each rotated head from one pairing to the other. */
  | { readonly kind: 'permute_rope' }
  /** Rows of `parts` tensors in turn, `block` rows at a time: [n, parts, block] -> [parts, n, block]. */
  | { readonly kind: 'deinterleave'; readonly parts: number; readonly block: number }
  | { readonly kind: 'add'; readonly value: number }
  /** Part `part` (from 0) of `parts` along dim 0: rows [from, from + rows). */
  | { readonly kind: 'split'; readonly part: number; readonly parts: number; readonly from: number; readonly rows: number } // prettier-ignore
  /** A dim of size 1 that the parameter does not have. */
  | { readonly kind: 'squeeze'; readonly dim: number }
  /** One tensor per expert, stacked. */
  | { readonly kind: 'stack'; readonly over: 'expert' };

export interface WeightEntry {
  /** `layers.0.attn.q.weight`, or what training keeps beside parameters: `layers.3.moe.router.select_bias`. */
  readonly parameter: string;
  /** Names on disk, one; with `stack` one per expert. */
  readonly tensors: readonly string[];
  /** Applied left to right when reading. */
  readonly steps: readonly WeightStep[];
  /** The shape of each tensor on disk. */
  readonly shape: readonly number[];
}

export interface WeightMap {
  /** `hf` */
  readonly name: string;
  readonly entries: readonly WeightEntry[];
}
