// Takes: nothing. Gives: the checked model, the result of resolving a .model file.
// Promises: every number is resolved, every name bound, every shape consistent; plain data, spans apart.
import type { Span } from '../../grammar/source.ts';

/** How the elements of a parameter are drawn at the start. */
export type Init =
  | { readonly kind: 'normal'; readonly std: number }
  /** Normal, redrawn outside `cut` standard deviations. */
  | { readonly kind: 'trunc_normal'; readonly std: number; readonly cut: number }
  /** Uniform in [-bound, bound]. */
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'constant'; readonly value: number };

export interface NormSpec {
  readonly kind: 'rms' | 'layer';
  readonly eps: number;
  /** `weight`: x * w. `one_plus`: x * (1 + w), w starts at 0. `none`: no gain. */
  readonly gain: 'weight' | 'one_plus' | 'none';
  readonly bias: boolean;
  /** Type of the reduction. */
  readonly reduce: 'f32';
  /** Whether the result is cast to the compute type before or after the gain is applied; no effect in f32. */
  readonly cast: 'before_gain' | 'after_gain';
}

/** RMS or layer norm of queries and keys. */
export interface QkNormSpec extends NormSpec {
  /** `head`: over head_dim, weight [head_dim] shared by all heads. `full`: over the whole [heads * head_dim] vector. */
  readonly per: 'head' | 'full';
  /** Relative to RoPE. */
  readonly order: 'before_rope' | 'after_rope';
}

export type RopeScaling =
  | { readonly kind: 'none' }
  | { readonly kind: 'linear'; readonly factor: number }
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
  readonly init: Init;
}

export interface GqaSpec {
  readonly kind: 'gqa';
  readonly heads: number;
  /** Query head i reads key head floor(i * kvHeads / heads). */
  readonly kvHeads: number;
  readonly headDim: number;
  readonly scale: number;
  readonly mask: MaskSpec;
  readonly qkNorm: QkNormSpec | null;
  /** c * tanh(score / c) before the mask. */
  readonly softcap: number | null;
  readonly rope: RopeSpec | null;
  readonly q: ProjectionSpec;
  readonly k: ProjectionSpec;
  readonly v: ProjectionSpec;
  readonly o: ProjectionSpec;
}
export type MixerSpec = GqaSpec;

export type Activation = 'silu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'relu' | 'relu2' | 'sigmoid' | 'tanh' | 'identity'; // prettier-ignore

/** down(act(up x)) */
export interface MlpSpec {
  readonly kind: 'mlp';
  readonly act: Activation;
  readonly width: number;
  readonly up: ProjectionSpec;
  readonly down: ProjectionSpec;
}

/** down(act(gate x) * up x) */
export interface GluSpec {
  readonly kind: 'glu';
  readonly act: Activation;
  readonly width: number;
  readonly gate: ProjectionSpec;
  readonly up: ProjectionSpec;
  readonly down: ProjectionSpec;
}
export type FfnSpec = MlpSpec | GluSpec;

/** The right side of a block's equation. `x` is the block's input. */
export type BlockExpr =
  | { readonly kind: 'ref'; readonly name: string; readonly span: Span }
  | { readonly kind: 'number'; readonly value: number; readonly span: Span }
  | { readonly kind: 'arithmetic'; readonly operator: '+' | '-' | '*' | '/'; readonly left: BlockExpr; readonly right: BlockExpr; readonly span: Span } // prettier-ignore
  /** `rms.mix(x)`; `instance` is `rms.mix`: the same instance twice in one layer shares its weight. */
  | { readonly kind: 'norm'; readonly instance: string; readonly spec: NormSpec; readonly input: BlockExpr; readonly span: Span } // prettier-ignore
  /** `attn(x)`; `name` is `attn`: the same name twice in one layer shares its weights. */
  | { readonly kind: 'mixer'; readonly name: string; readonly spec: MixerSpec; readonly input: BlockExpr; readonly span: Span } // prettier-ignore
  | { readonly kind: 'ffn'; readonly name: string; readonly spec: FfnSpec; readonly input: BlockExpr; readonly span: Span }; // prettier-ignore

export interface Equation {
  readonly name: string;
  readonly value: BlockExpr;
  readonly span: Span;
}

export interface Layer {
  /** 0-based. */
  readonly index: number;
  /** `main(local)`: for people. */
  readonly block: string;
  /** In order; the last one is the output, d_model wide. */
  readonly equations: readonly Equation[];
}

export interface EmbedSpec {
  /** True: the head reads the embedding matrix. */
  readonly tied: boolean;
  readonly scale: number;
  /** Learned absolute positions, [length, d_model]. */
  readonly positions: { readonly length: number; readonly init: Init } | null;
  readonly norm: NormSpec | null;
  readonly init: Init;
}

export interface HeadSpec {
  readonly norm: NormSpec | null;
  readonly scale: number;
  readonly softcap: number | null;
  readonly bias: boolean;
  readonly init: Init;
}

export interface Model {
  readonly name: string;
  readonly vocab: number;
  readonly context: number;
  readonly dModel: number;
  readonly nLayers: number;
  readonly embed: EmbedSpec;
  readonly layers: readonly Layer[];
  readonly head: HeadSpec;
  /** The model block alone, long form, variants applied: equal text means equal function. */
  readonly canonical: string;
  readonly span: Span;
}

/** Which parameters: `matrix` and `vector` go by rank, `embed` and `head` by place. */
export type ParameterClass = 'all' | 'rest' | 'matrix' | 'vector' | 'embed' | 'head';

export type OptimizerSpec =
  /** Decoupled weight decay, arXiv 1711.05101. */
  | {
      readonly kind: 'adamw';
      readonly params: readonly ParameterClass[];
      readonly lr: number;
      readonly betas: readonly [number, number];
      readonly eps: number;
      readonly weightDecay: number;
      readonly noDecay: readonly ParameterClass[];
    }
  | {
      readonly kind: 'sgd';
      readonly params: readonly ParameterClass[];
      readonly lr: number;
      readonly momentum: number;
      readonly weightDecay: number;
      readonly noDecay: readonly ParameterClass[];
    };

/** The learning rate of step s as a fraction of `lr`; warm-up and decay counted in steps. */
export type ScheduleSpec =
  | { readonly kind: 'constant'; readonly warmup: number }
  | { readonly kind: 'cosine'; readonly warmup: number; readonly floor: number }
  | { readonly kind: 'wsd'; readonly warmup: number; readonly decay: number; readonly shape: 'linear' | 'cosine' | 'minus_sqrt' | 'exponential'; readonly floor: number }; // prettier-ignore

export interface TrainSpec {
  readonly name: string;
  readonly model: string;
  /** Globs, relative to the .model file. */
  readonly data: readonly string[];
  readonly tokenizer: 'bytes';
  /** Sequences per step and how many micro-batches they are cut into (`batch` is a multiple of it). */
  readonly batch: number;
  readonly accumulate: number;
  readonly seq: number;
  readonly steps: number;
  readonly seed: number;
  readonly loss: { readonly ignore: number | null; readonly zLoss: number };
  readonly optimizers: readonly OptimizerSpec[];
  readonly schedule: ScheduleSpec;
  readonly clipNorm: number | null;
  readonly dropout: { readonly embed: number; readonly residual: number; readonly attention: number };
  /** Fraction of the bytes held out, steps between validations, batches per validation. */
  readonly validation: { readonly fraction: number; readonly every: number; readonly batches: number };
  /** Steps between checkpoints; the end always saves. */
  readonly saveEvery: number;
  readonly span: Span;
}

export interface GenerateSpec {
  readonly name: string;
  readonly model: string;
  readonly temperature: number;
  readonly topK: number | null;
  readonly topP: number | null;
  readonly minP: number | null;
  readonly maxTokens: number;
  readonly stop: readonly string[];
  readonly span: Span;
}

/** Everything one .model file defines, variants included. */
export interface CheckedFile {
  readonly models: readonly Model[];
  readonly trains: readonly TrainSpec[];
  readonly generates: readonly GenerateSpec[];
}
