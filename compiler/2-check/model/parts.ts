// Takes: nothing. Gives: what mixers, ffns and ends of a model are made of: starts, norms, positions, masks, linear maps.
// Promises: plain data, every number resolved.

/** How the elements of a parameter are drawn at the start. */
export type Init =
  | { readonly kind: 'normal'; readonly std: number }
  /** Normal, redrawn outside `cut` standard deviations. */
  | { readonly kind: 'trunc_normal'; readonly std: number; readonly cut: number }
  /** Uniform in [-bound, bound]. */
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'constant'; readonly value: number }
  /** log(1), log(2), ... log(count), and again: the decays of state spaces. */
  | { readonly kind: 'log_range'; readonly count: number }
  /** softplus^-1(max(floor, exp(U(ln min, ln max)))): step sizes of state spaces. */
  | { readonly kind: 'step_size'; readonly min: number; readonly max: number; readonly floor: number }
  /** From another model's part (upcycling, distillation), plus noise of that standard deviation. */
  | { readonly kind: 'copy'; readonly from: string; readonly part: string; readonly noise: number };

/** As it is written: `fan_in` is, for each parameter, a normal of std gain / sqrt(in). */
export type InitSpec = Init | { readonly kind: 'fan_in'; readonly gain: number };

export interface NormSpec {
  readonly kind: 'rms' | 'layer';
  readonly eps: number;
  /** `weight`: x * w. `one_plus`: x * (1 + w), w starts at 0. `none`: no gain. */
  readonly gain: 'weight' | 'one_plus' | 'none';
  readonly bias: boolean;
  /** Type of the reduction. */
  readonly reduce: 'f32' | 'bf16' | 'f16';
  /** Whether the result is cast to the compute type before or after the gain is applied; no effect in f32. */
  readonly cast: 'before_gain' | 'after_gain';
}

/** RMS or layer norm of queries and keys. */
export interface QkNormSpec extends NormSpec {
  /**
   * `head`: over head_dim, weight [head_dim] shared by all heads. `each_head`: over head_dim, weight [heads, head_dim].
   * `full`: over the whole [heads * head_dim] vector.
   */
  readonly per: 'head' | 'each_head' | 'full';
  /** Relative to RoPE. */
  readonly order: 'before_rope' | 'after_rope';
}

export type RopeScaling =
  | { readonly kind: 'none' }
  | { readonly kind: 'linear'; readonly factor: number }
  /** theta grows with the length that a run is made for (NTK), of its sequences or of its cache. */
  | { readonly kind: 'dynamic'; readonly factor: number; readonly original: number }
  /** Factors per pair of dims: `short` for runs up to the original context, `long` for longer ones; attentionFactor null: sqrt(1 + ln(factor) / ln(original)). */
  | { readonly kind: 'longrope'; readonly factor: number; readonly original: number; readonly short: readonly number[]; readonly long: readonly number[]; readonly attentionFactor: number | null } // prettier-ignore
  | { readonly kind: 'llama3'; readonly factor: number; readonly low: number; readonly high: number; readonly original: number } // prettier-ignore
  | {
      readonly kind: 'yarn';
      readonly factor: number;
      readonly original: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      readonly truncate: boolean;
      /** Null: 0.1 ln(factor) + 1. */
      readonly attentionFactor: number | null;
      readonly mscale: number | null;
      readonly mscaleAllDim: number | null;
    };

export interface RopeSpec {
  /** Rotated leading dims of each head, even, at most head_dim. */
  readonly dim: number;
  readonly theta: number;
  readonly pairing: 'half' | 'interleaved';
  readonly scaling: RopeScaling;
}

/** Which (query, key) pairs are seen; `all` is the conjunction of its parts. */
export type MaskSpec =
  | { readonly kind: 'full' }
  /** key <= query */
  | { readonly kind: 'causal' }
  /** key > query - size: `size` keys including the query's own */
  | { readonly kind: 'window'; readonly size: number }
  /** floor(key / size) == floor(query / size) */
  | { readonly kind: 'chunk'; readonly size: number }
  | { readonly kind: 'all'; readonly parts: readonly MaskSpec[] };

/** One linear map and how its weight (and bias) start. */
export interface ProjectionSpec {
  readonly bias: boolean;
  readonly init: InitSpec;
}

export type PlainActivation = 'silu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'relu' | 'relu2' | 'sigmoid' | 'tanh' | 'identity'; // prettier-ignore

/**
 * x > 0: p x^2 + beta x; else n (exp(min(x, eps)) - 1 - x) + beta x, with p = softplus(alpha_p), n = beta + softplus(alpha_n)
 * learned, which start at alphaP and alphaN (arXiv 2411.13010).
 */
export interface XieluActivation {
  readonly kind: 'xielu';
  readonly alphaP: number;
  readonly alphaN: number;
  readonly beta: number;
  readonly eps: number;
}

/** A word where it has no parameters. */
export type Activation = PlainActivation | XieluActivation;
export type ActivationName = PlainActivation | XieluActivation['kind'];
