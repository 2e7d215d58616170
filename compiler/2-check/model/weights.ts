// Takes: nothing. Gives: a map between the parameters of a model and tensors on disk.
// Promises: a bijection: each parameter is read from one place and each tensor is read once, so a map also writes.

/** What is done to a tensor on its way in; its inverse on the way out. */
export type WeightStep =
  | { readonly kind: 'transpose' }
  /**
   * The first `dim` of each `headDim` rows, which turn in pairs, j with j + dim / 2 (`half`) or 2j with 2j + 1
   * (`interleaved`): on disk the one, afterwards the other, `to`.
   */
  | { readonly kind: 'permute_rope'; readonly headDim: number; readonly dim: number; readonly to: 'half' | 'interleaved' } // prettier-ignore
  /**
   * Rows of several tensors in turn, `blocks[0]` rows of the first, `blocks[1]` of the second, ..., and again to the end:
   * afterwards all rows of the first stand before all of the second.
   */
  | { readonly kind: 'deinterleave'; readonly blocks: readonly number[] }
  | { readonly kind: 'add'; readonly value: number }
  /** Part `part` (from 0) of `parts` along dim 0: rows [from, from + rows). */
  | { readonly kind: 'split'; readonly part: number; readonly parts: number; readonly from: number; readonly rows: number } // prettier-ignore
  /** A dim of size 1 that the parameter does not have. */
  | { readonly kind: 'squeeze'; readonly dim: number }
  /** One tensor per expert or head, stacked along a new first dim. */
  | { readonly kind: 'stack'; readonly over: 'expert' | 'head' };

export interface WeightEntry {
  /** `layers.0.attn.q.weight`, or one of `states(model)`: `layers.3.moe.router.select_bias`. */
  readonly parameter: string;
  /** Names on disk, one; with `stack` one per expert or head. */
  readonly tensors: readonly string[];
  /** Applied left to right when reading. */
  readonly steps: readonly WeightStep[];
  /** The shape of each tensor on disk; [] holds one number. */
  readonly shape: readonly number[];
}

export interface WeightMap {
  /** `hf` */
  readonly name: string;
  readonly entries: readonly WeightEntry[];
}
