// Takes: nothing. Gives: what is said of one folder of references.
// Promises: plain data, the JSON of `modelc parity --json`.

/** One number against its bound. */
export interface Check {
  /** Infinity where it is no number. */
  readonly error: number;
  readonly tolerance: number;
  /** What the error is the largest of: a tensor, a step. */
  readonly at?: string;
}

/** `tie`: a token differs, but the reference's own choice was too close to mean anything. */
export type Agreement = 'agrees' | 'differs' | 'tie';

interface Named {
  readonly folder: string;
  /** The last part of the folder's path. */
  readonly name: string;
  readonly pass: boolean;
}

export interface ReferenceResult extends Named {
  readonly kind: 'reference';
  /** By `logits`, `loss`, `gradients`, `grad_norm`, `cache`. */
  readonly checks: Readonly<Record<ReferenceCheck, Check>>;
  readonly greedy: { readonly prefill: Agreement; readonly decode: Agreement; readonly min_gap: number };
}

/**
 * `logits`: relative to the largest |logit|. `loss`, `grad_norm`: relative. `gradients`: the largest error of a stored tensor
 * after one SGD step, relative to its largest |gradient|. `cache`: logits by token-by-token decode against those by prefill,
 * relative to the largest.
 */
export type ReferenceCheck = 'logits' | 'loss' | 'gradients' | 'grad_norm' | 'cache';

export interface CurveResult extends Named {
  readonly kind: 'curve';
  readonly steps: number;
  readonly checks: Readonly<Record<CurveCheck, Check>>;
  /** Null: the plain tolerances were met. */
  readonly rounding: Rounding | null;
}

/**
 * `first`: losses of the first 20 steps. `all`: of all steps, the step that is nearest to its bound or furthest beyond it.
 * `last`: the mean over the last 20 steps. `grad_norm_first`, `grad_norm`: the same of gradient norms, the
 * logarithm of their ratio, which is the relative error where that is small.
 * `lr`: the learning rate, relative to the largest.
 */
export type CurveCheck = 'first' | 'all' | 'last' | 'grad_norm_first' | 'grad_norm' | 'lr';

/** What rounding alone makes of the curve. */
export interface Rounding {
  /** Runs whose weights were moved by one unit in the last place after every step. */
  readonly runs: number;
  /** 1-based: from this step on twice the spread of these runs is more than the plain tolerance; null: nowhere. */
  readonly from: number | null;
  /** The largest error of a loss before that step. */
  readonly before: number;
  /** The largest difference of a loss between such a run and the plain one. */
  readonly spread: number;
}

export interface UnreadResult extends Named {
  readonly kind: 'unread';
  readonly pass: false;
  readonly reason: string;
}

export type ParityResult = ReferenceResult | CurveResult | UnreadResult;

export const withinTolerance = ({ error, tolerance }: Check): boolean => error <= tolerance;
