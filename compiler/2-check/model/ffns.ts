// Takes: nothing. Gives: the feed-forward parts of the language, mixtures of experts with their router among them.
// Promises: every knob of routing is data; weights that combine are told apart from scores that select.
import type { Activation, InitSpec, NormSpec, ProjectionSpec } from './parts.ts';

/** down(norm(act(up x))) */
export interface MlpSpec {
  readonly kind: 'mlp';
  readonly act: Activation;
  readonly width: number;
  /** Of what `down` takes. */
  readonly norm: NormSpec | null;
  readonly up: ProjectionSpec;
  readonly down: ProjectionSpec;
}

/** down(norm(act(gate x) * up x)) */
export interface GluSpec {
  readonly kind: 'glu';
  readonly act: Activation;
  readonly width: number;
  /** The gate is clamped to at most this, `up` to [-clamp, clamp] (gpt-oss). */
  readonly clamp: number | null;
  /** Added to `up x` before the product. */
  readonly upOffset: number;
  /** Of what `down` takes. */
  readonly norm: NormSpec | null;
  readonly gate: ProjectionSpec;
  readonly up: ProjectionSpec;
  readonly down: ProjectionSpec;
}

export type FfnSpec = MlpSpec | GluSpec | ExpertsSpec | ChannelMixSpec;

/** How many tokens each expert sees. */
export type BalanceSpec =
  /** c * E * sum f_e P_e, f_e = count_e / (T k); `hf`: f_e = count_e / T and pooled over all layers. */
  | { readonly kind: 'aux'; readonly coef: number; readonly scope: 'batch' | 'sequence' | 'global'; readonly normalisation: 'switch' | 'hf' } // prettier-ignore
  /** DeepSeek-V3, per sequence. */
  | { readonly kind: 'seq_aux'; readonly coef: number }
  /** DeepSeek-V2: over groups of experts that share a device. */
  | { readonly kind: 'device'; readonly coef: number; readonly devices: number };

export type SelectSpec =
  /** Each token takes its top_k experts. */
  | { readonly kind: 'token_choice' }
  /** Each expert takes its top T * capacity / n tokens (arXiv 2202.09368). */
  | { readonly kind: 'expert_choice'; readonly capacity: number }
  | { readonly kind: 'sinkhorn'; readonly iterations: number }
  | { readonly kind: 'hash' };

export interface RouterSpec {
  /** Of the router's matmul and softmax. */
  readonly dtype: 'f32' | 'bf16' | 'f16';
  readonly score: 'softmax' | 'sigmoid' | 'sqrt_softplus';
  /** Whether scores are taken over all experts, or after the top k were chosen by their logits. */
  readonly scoreOver: 'all' | 'chosen';
  readonly bias: boolean;
  readonly select: SelectSpec;
  /** Added to scores to select, not to combine: b += rate * sign(mean load - load) (arXiv 2408.15664). */
  readonly selectBias: { readonly rate: number; readonly center: boolean; readonly freezeAfter: number | null } | null;
  /** Null: all experts are one group. */
  readonly groups: { readonly n: number; readonly top: number; readonly score: 'max' | { readonly sumTop: number }; readonly masked: number } | null; // prettier-ignore
  /** Weights of the chosen: as they are, or divided by their sum + eps; then times `scale`. */
  readonly combine: { readonly normalize: { readonly eps: number } | null; readonly scale: number };
  readonly balance: readonly BalanceSpec[];
  /** c * mean logsumexp(logits)^2 */
  readonly zLoss: number | null;
  /** Inputs are multiplied by U(1 - jitter, 1 + jitter) in training. */
  readonly jitter: number | null;
  /** Noise on the logits in training: additive N(0, 1) * softplus(W_n x), or multiplicative. */
  readonly noise: { readonly kind: 'additive' | 'multiplicative'; readonly std: number } | null;
  /** Null: no token is dropped. `per`: whether N of ceil(N / n * factor) counts tokens or choices. */
  readonly capacity: { readonly factor: number; readonly policy: 'probs' | 'position'; readonly per: 'token' | 'choice'; readonly inference: boolean } | null; // prettier-ignore
  readonly init: InitSpec;
}

export interface ExpertsSpec {
  readonly kind: 'experts';
  readonly n: number;
  readonly topK: number;
  /** One of `n` equal ones. */
  readonly expert: FfnSpec;
  /** What every token passes; null: none. Its width is `shared * expert.width` unless it says another. */
  readonly shared: { readonly count: number; readonly expert: FfnSpec; readonly gate: ProjectionSpec | null } | null;
  readonly router: RouterSpec;
}

/** RWKV channel mix: k = act(up(shift x)); y = down k, over a learned token shift. */
export interface ChannelMixSpec {
  readonly kind: 'channel_mix';
  readonly act: 'relu2';
  readonly width: number;
  readonly up: ProjectionSpec;
  readonly down: ProjectionSpec;
}
