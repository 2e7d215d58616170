// Takes: nothing. Gives: what is trained and generated, resolved.
// Promises: every number resolved.
import type { Span } from '../../../grammar/source.ts';

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

/** What the backward pass needs of the forward pass is kept, or computed again. */
export type RecomputeSpec =
  | { readonly kind: 'none' }
  /** Of the first so many blocks, of all where it is null, only the input is kept. */
  | { readonly kind: 'blocks'; readonly first: number | null }
  /** Of as many as it takes to stay within so many bytes. */
  | { readonly kind: 'auto'; readonly limit: number };

/** Weights and activations in halves; sums, norms, softmax, loss, gradients, and the weights that the optimizer steps in f32. */
export interface MixedPrecision {
  readonly compute: 'f16';
  /** What logits are held in. */
  readonly logits: 'f32' | 'f16';
  /** Parts that are computed in f32: `embed`, `head`, `attn`, `attn.core`. */
  readonly keep: readonly string[];
}

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
  /** Absent: none; runs saved before there was such do not have it. */
  readonly recompute?: RecomputeSpec;
  /** Absent or null: all is f32. */
  readonly precision?: MixedPrecision | null;
  /** Fraction of the bytes held out, steps between validations, batches per validation. */
  readonly validation: { readonly fraction: number; readonly every: number; readonly batches: number };
  /** Steps between checkpoints; the end always saves. */
  readonly saveEvery: number;
  readonly span: Span;
}

/** How matrices are held while a model generates. */
export interface HeldWeights {
  readonly format: 'f16';
  /** What stays in f32: `embed`, `head`, `router`, `norm`, or a part. */
  readonly keep: readonly string[];
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
  /** Null: f32. */
  readonly weights: HeldWeights | null;
  readonly span: Span;
}
