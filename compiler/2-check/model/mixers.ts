// Takes: nothing. Gives: the mixers of the language, resolved.
// Promises: shapes are numbers, starts are Inits; `projections` are linear maps, by the name of their parameter.
import type { RouterSpec } from './ffns.ts';
import type { Init, InitSpec, MaskSpec, NormSpec, ProjectionSpec, QkNormSpec, RopeSpec } from './parts.ts';

export type MixerSpec =
  | GqaSpec
  | MlaSpec
  | MambaSpec
  | Mamba2Spec
  | GatedDeltaSpec
  | LinearSpec
  | Rwkv7Spec
  | ConvSpec
  | RgLruSpec
  | MixerExpertsSpec;

export interface GqaSpec {
  readonly kind: 'gqa';
  readonly heads: number;
  /** Query head i reads key head floor(i * kvHeads / heads). */
  readonly kvHeads: number;
  readonly headDim: number;
  /** Of values; differs from head_dim in few models. */
  readonly vDim: number;
  readonly scale: number;
  readonly mask: MaskSpec;
  readonly qkNorm: QkNormSpec | null;
  /** c * tanh(score / c) before the mask. */
  readonly softcap: number | null;
  readonly rope: RopeSpec | null;
  readonly alibi: AlibiSpec | null;
  /** The earlier layer whose keys and values are used again; null: its own (arXiv 2405.12981). */
  readonly kvFrom: number | null;
  /** One projection gives keys and values. */
  readonly kvShare: boolean;
  readonly sink: SinkSpec | null;
  readonly gate: GateSpec | null;
  readonly diff: DiffSpec | null;
  /** Of all heads' output together, before `o`. */
  readonly outNorm: NormSpec | null;
  /** q, k and v are clamped to [-clip, clip] after their projections. */
  readonly clipQkv: number | null;
  readonly q: ProjectionSpec;
  readonly k: ProjectionSpec;
  readonly v: ProjectionSpec;
  readonly o: ProjectionSpec;
}
type Projections<N extends string> = Readonly<Record<N, ProjectionSpec>>;

/** Learned sink: a logit per head that joins the softmax and carries no value (gpt-oss). */
export interface SinkSpec {
  readonly per: 'head';
  readonly init: InitSpec;
}

/**
 * Differential attention (arXiv 2410.05258, as DiffLlama has it): head i < heads / 2 gives P_i V - lambda P_j V with j = i +
 * heads / 2, where V are the values of two key heads side by side, kv and kv + kv_heads / 2, kv = floor(i * kv_heads / heads);
 * then an RMS norm without weights over their 2 v_dim, times 1 - init. lambda = e^(q1 . k1) - e^(q2 . k2) + init.
 */
export interface DiffSpec {
  /** Of lambda itself. */
  readonly init: number;
  /** How the four vectors of lambda start, [head_dim] each. */
  readonly vectorInit: Init;
  readonly eps: number;
}

/** o * sigmoid(W_g x): one gate per element of the heads' output, or one per head. */
export interface GateSpec {
  readonly act: 'sigmoid' | 'silu';
  readonly per: 'element' | 'head';
  readonly projection: ProjectionSpec;
}

/**
 * Attention over positions by linear biases, slope_h * (key - query), in place of rotation (arXiv 2108.12409). With n the
 * greatest power of two not above heads, the first n slopes are 2^(-maxBias h / n), h = 1..n, the others the odd ones of 2 n
 * heads: 2^(-maxBias h / 2n), h = 1, 3, 5, ...
 */
export interface AlibiSpec {
  readonly maxBias: number;
  /** Whether the bias is multiplied by the scale of the scores too. */
  readonly scaled: boolean;
  /** bf16: slopes, positions and the bias, slope_h * key, are rounded to bfloat16. */
  readonly round: 'bf16' | null;
}

/**
 * Multi-head latent attention (arXiv 2405.04434). c_q = norm(q_down x); q = q_up c_q = [H, nope | rope];
 * [c | k_r] = kv_down x; [k_n | v] = kv_up norm(c) per head; k_r is rotated and shared by all heads.
 */
export interface MlaSpec {
  readonly kind: 'mla';
  readonly heads: number;
  /** Null: queries straight from x, by `q`. */
  readonly qRank: number | null;
  readonly kvRank: number;
  readonly nopeDim: number;
  readonly ropeDim: number;
  readonly vDim: number;
  readonly scale: number;
  /** Of both latents. */
  readonly latentNorm: NormSpec | null;
  readonly mask: MaskSpec;
  readonly softcap: number | null;
  readonly rope: RopeSpec | null;
  /** What decoding keeps: `latent` kv_rank + rope_dim numbers per token, `full` keys and values of all heads. */
  readonly cache: 'latent' | 'full';
  /** `q` stands when there is no q_rank, `q_down` and `q_up` when there is. */
  readonly projections: Projections<'q' | 'q_down' | 'q_up' | 'kv_down' | 'kv_up' | 'o'>;
}

/** How a step size starts: softplus^-1 of a log-uniform draw from [min, max], at least `floor`; clamped in use. */
export interface StepSizeSpec {
  readonly init: Init;
  readonly floor: number;
  /** [low, high] after softplus. */
  readonly clamp: readonly [number, number];
}

/** A norm of a mixer's output together with its gate: `rms.group(gate = silu, order = gate_then_norm)`. */
export interface OutputNormSpec {
  readonly norm: NormSpec;
  /** `full`: over the whole width; `group`: per group of channels; `head`: per head, weight [head_dim]. */
  readonly per: 'full' | 'group' | 'head';
  readonly gate: 'silu' | 'sigmoid' | 'none';
  readonly order: 'gate_then_norm' | 'norm_then_gate';
}

/** Selective state space (arXiv 2312.00752); inner = expand * d_model. */
export interface MambaSpec {
  readonly kind: 'mamba';
  readonly inner: number;
  readonly state: number;
  /** Kernel of the causal convolution. */
  readonly conv: number;
  readonly convBias: boolean;
  readonly dtRank: number;
  readonly dt: StepSizeSpec;
  readonly aInit: Init;
  readonly dInit: Init;
  /** Norms of dt, B and C (Jamba). */
  readonly innerNorm: NormSpec | null;
  readonly projections: Projections<'in' | 'x' | 'dt' | 'out'>;
}

/** State space with a scalar decay per head (arXiv 2405.21060); inner = heads * headDim. */
export interface Mamba2Spec {
  readonly kind: 'mamba2';
  readonly heads: number;
  readonly headDim: number;
  readonly state: number;
  /** Groups of heads that share B and C. */
  readonly groups: number;
  readonly conv: number;
  readonly convBias: boolean;
  /** Tokens computed at once in training. */
  readonly chunk: number;
  readonly dt: StepSizeSpec;
  readonly aInit: Init;
  readonly dInit: Init;
  readonly out: OutputNormSpec | null;
  readonly projections: Projections<'in' | 'out'>;
}

/** Gated delta rule (arXiv 2412.06464): S = e^g S + k (beta (v - S^T k))^T, o = S^T q. */
export interface GatedDeltaSpec {
  readonly kind: 'gated_delta';
  readonly kHeads: number;
  readonly vHeads: number;
  readonly kDim: number;
  readonly vDim: number;
  readonly conv: number;
  readonly chunk: number;
  /** eps of the L2 norm of queries and keys; null: none. */
  readonly qkNormEps: number | null;
  readonly qScale: number;
  /** The formulas as written, in canonical form. */
  readonly decay: string;
  readonly beta: string;
  readonly dt: StepSizeSpec;
  readonly aInit: Init;
  readonly out: OutputNormSpec | null;
  /** q, k, v: conv inputs; z: the output's gate; a, b: decay and beta, one per value head. */
  readonly projections: Projections<'q' | 'k' | 'v' | 'z' | 'a' | 'b' | 'out'>;
}

/** Linear attention with a fixed decay per head (lightning attention, arXiv 2501.08313): S = e^-s S + k^T v, o = q S. */
export interface LinearSpec {
  readonly kind: 'linear';
  readonly heads: number;
  readonly headDim: number;
  /** Of q, k and v. */
  readonly feature: 'silu' | 'elu_plus_one' | 'relu' | 'identity';
  /** Per head; `none` keeps everything. `base^h`, times (1 - layer / (n_layers - 1)) when scaled by depth. */
  readonly decay: { readonly kind: 'none' } | { readonly kind: 'slope'; readonly base: number; readonly depthScaled: boolean }; // prettier-ignore
  readonly outNorm: NormSpec | null;
  readonly gate: GateSpec | null;
  readonly projections: Projections<'q' | 'k' | 'v' | 'o'>;
}

/** RWKV-7 time mix (arXiv 2503.14456): token shift, low-rank decay, in-context rate, value mix and gate. */
export interface Rwkv7Spec {
  readonly kind: 'rwkv7';
  readonly heads: number;
  readonly headDim: number;
  readonly decayRank: number;
  readonly aRank: number;
  readonly vRank: number;
  readonly gRank: number;
  /** eps of the group norm of the output. */
  readonly outEps: number;
  /** The first layer mixes no earlier values. */
  readonly firstLayer: boolean;
  readonly projections: Projections<'r' | 'k' | 'v' | 'o' | `${'decay' | 'a' | 'value' | 'gate'}.${'down' | 'up'}`>;
}

/** Gated short convolution (LFM2): [B, C, u] = in x; y = out(C * conv(B * u)). */
export interface ConvSpec {
  readonly kind: 'conv';
  readonly width: number;
  readonly conv: number;
  readonly convBias: boolean;
  readonly projections: Projections<'in' | 'out'>;
}

/** Real-gated linear recurrent unit with its branches (arXiv 2402.19427). Gates are block-diagonal over `heads`. */
export interface RgLruSpec {
  readonly kind: 'rg_lru';
  readonly width: number;
  readonly heads: number;
  readonly conv: number;
  readonly aInit: Init;
  readonly projections: Projections<'x' | 'y' | 'out' | 'input_gate' | 'recurrent_gate'>;
}

/** Experts of mixers: a router chooses `topK` of `n` copies of one mixer. */
export interface MixerExpertsSpec {
  readonly kind: 'experts';
  readonly n: number;
  readonly topK: number;
  /** Copies that every token passes. */
  readonly shared: number;
  readonly expert: MixerSpec;
  readonly router: RouterSpec;
}
