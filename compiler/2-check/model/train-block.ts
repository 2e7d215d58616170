// Takes: nothing. Gives: a train block of the language, resolved.
// Promises: plain data; says everything a run is asked for, whether it can be run today or not.
import type { Span } from '../../../grammar/source.ts';
import type { TokenizerBlock } from './data-block.ts';
import type { Formula } from './formula.ts';
import type { WeightFormat } from './generate-block.ts';
import type { ParameterClass } from './train.ts';

/** Parameters by class, or by the path of a part: `attn`, `ssm.A_log`. */
export type ParameterSelector =
  { readonly kind: 'class'; readonly name: ParameterClass } | { readonly kind: 'part'; readonly path: string };

/** `300`, `1%` of all steps, `2Btok`. */
export interface Duration {
  readonly value: number;
  readonly unit: 'steps' | 'share' | 'tokens';
}

/** A value over training: each holds until its number of tokens, the last one to the end. */
interface Pieces {
  readonly pieces: readonly { readonly value: number; readonly until: number }[];
  readonly last: number;
}

/** In sequences. */
export type BatchBlock =
  | { readonly kind: 'constant'; readonly sequences: number }
  /** Linear in the tokens seen, from `from` to `to` over the first `over` tokens. */
  | { readonly kind: 'ramp'; readonly from: number; readonly to: number; readonly over: number }
  | ({ readonly kind: 'pieces' } & Pieces);

export type NumberFormat =
  | { readonly kind: 'f32' | 'bf16' | 'f16' | 'fp8_e5m2' }
  /** A scale per tile of activations and per block of weights; null: one per tensor. */
  | { readonly kind: 'fp8_e4m3'; readonly tile: readonly number[] | null; readonly block: readonly number[] | null };

export interface PrecisionBlock {
  readonly params: 'f32' | 'bf16' | 'f16';
  readonly compute: NumberFormat;
  readonly softmax: 'f32' | 'bf16' | 'f16';
  readonly logits: 'f32' | 'bf16' | 'f16';
  /** Of the copy that the optimizer steps. */
  readonly master: 'f32' | 'bf16' | 'f16';
  /** What stays in f32: `embed`, `head`, `router`, `norm`, or a part: `attn.core`. */
  readonly keep: readonly string[];
}

export type LossSpec =
  /** -log softmax(z)_y, mean over the labels that count. */
  | { readonly kind: 'ce'; readonly ignore: number | string | null; readonly mask: 'assistant' | 'completion' | null; readonly smoothing: number } // prettier-ignore
  /** mean logsumexp(z)^2 */
  | { readonly kind: 'z_loss' }
  | { readonly kind: 'router_z_loss' }
  /** lambda * mean of the modules' cross-entropies; lambda stands in the model. */
  | { readonly kind: 'mtp' }
  /** What the routers of the model ask for, with their own coefficients. */
  | { readonly kind: 'balance' }
  /** Between teacher and student, both logits divided by `temperature`; `beta` of jsd: 0 forward, 1 reverse. */
  | { readonly kind: 'kd'; readonly form: 'forward_kl' | 'reverse_kl' | 'jsd'; readonly temperature: number; readonly beta: number; readonly topK: number | null } // prettier-ignore
  /** sum over the masked of weight(t) * CE, divided by `norm` (arXiv 2502.09992). */
  | { readonly kind: 'masked_diffusion'; readonly t: { readonly low: number; readonly high: number }; readonly weight: Formula; readonly maskToken: number; readonly norm: Formula } // prettier-ignore
  | { readonly kind: 'contrastive'; readonly form: 'softmax' | 'sigmoid'; readonly symmetric: boolean }
  /** -log sigmoid(beta * difference of log ratios) (arXiv 2305.18290). */
  | {
      readonly kind: 'dpo';
      readonly beta: number;
      readonly form: 'sigmoid' | 'ipo' | 'hinge';
      readonly smoothing: number;
    }
  /** Groups of answers, advantages within the group (arXiv 2402.03300). */
  | { readonly kind: 'grpo'; readonly group: number; readonly clip: number; readonly clipHigh: number | null; readonly kl: number; readonly advantage: 'group_std' | 'group_mean'; readonly aggregate: 'token' | 'sequence' | 'constant'; readonly temperature: number; readonly maxTokens: number } // prettier-ignore
  | { readonly kind: 'mse'; readonly of: 'logits' | 'hidden' };

export interface LossTerm {
  readonly coefficient: Pieces;
  readonly loss: LossSpec;
  readonly span: Span;
}

interface OptimizerBase {
  readonly params: readonly ParameterSelector[];
  readonly lr: number;
  readonly weightDecay: number;
  readonly noDecay: readonly ParameterSelector[];
}

export type OptimizerBlockSpec = OptimizerBase &
  (
    | {
        readonly kind: 'adamw';
        readonly betas: readonly [number, number];
        readonly eps: number;
        readonly amsgrad: boolean;
      }
    | { readonly kind: 'sgd'; readonly momentum: number; readonly nesterov: boolean }
    /** Momentum, orthogonalised by `nsSteps` of Newton and Schulz, then scaled. */
    | { readonly kind: 'muon'; readonly momentum: number; readonly nesterov: boolean; readonly nsSteps: number; readonly coefficients: 'quintic' | 'polar_express'; readonly scale: MuonScale } // prettier-ignore
    | { readonly kind: 'lion'; readonly betas: readonly [number, number] }
    | { readonly kind: 'adafactor'; readonly decay: number; readonly eps: readonly [number, number]; readonly clip: number; readonly momentum: number | null } // prettier-ignore
  );

export type MuonScale =
  /** value * sqrt(max(out, in)): an update as large as Adam's. */
  | { readonly kind: 'rms'; readonly value: number }
  /** sqrt(max(1, out / in)) */
  | { readonly kind: 'aspect' }
  | { readonly kind: 'spectral' }
  | { readonly kind: 'none' };

export interface OptimizerBlock {
  readonly name: string;
  readonly spec: OptimizerBlockSpec;
  readonly span: Span;
}

export type ScheduleBlock = { readonly warmup: Duration } & (
  | { readonly kind: 'constant' }
  | { readonly kind: 'cosine' | 'linear'; readonly floor: number }
  | { readonly kind: 'wsd'; readonly decay: Duration; readonly shape: 'linear' | 'cosine' | 'minus_sqrt' | 'exponential'; readonly floor: number } // prettier-ignore
  /** sqrt(warmup / step) after the warm-up. */
  | { readonly kind: 'inv_sqrt' }
  /** (step / warmup) ^ exponent after the warm-up. */
  | { readonly kind: 'power'; readonly exponent: number; readonly floor: number }
);

export type DataSource =
  /** Globs, relative to the .model file. */
  | { readonly kind: 'files'; readonly globs: readonly string[] }
  /** A data block of the file, or, where it has none of that name, a corpus outside it. */
  | { readonly kind: 'corpus'; readonly name: string; readonly external: boolean };

export type TeacherSpec =
  | { readonly kind: 'hf'; readonly id: string }
  | { readonly kind: 'checkpoint'; readonly path: string }
  | { readonly kind: 'model'; readonly name: string };

export type RewardSpec =
  | { readonly kind: 'verifier'; readonly name: string }
  | { readonly kind: 'reward_model'; readonly from: string }
  | { readonly kind: 'pairs' };

/** How parts start when they do not start as the model says. */
export interface StartSpec {
  readonly part: string;
  readonly start:
    | { readonly kind: 'copy'; readonly from: string; readonly part: string; readonly noise: number }
    | { readonly kind: 'fresh' };
}

export interface LoraSpec {
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  readonly targets: readonly ParameterSelector[];
}

export interface TrainBlock {
  readonly name: string;
  readonly model: string;
  /** Whether the model is one of towers. */
  readonly towers: boolean;
  /** The stage this one goes on from. */
  readonly from: string | null;
  readonly data: DataSource;
  /** Null: that of a corpus outside the file. */
  readonly tokenizer: TokenizerBlock | null;
  readonly batch: BatchBlock;
  readonly accumulate: number;
  /** Null: a model of towers without one. */
  readonly seq: number | null;
  /** Steps and tokens say the same; null when they follow from the passes over the data. */
  readonly steps: number | null;
  readonly tokens: number | null;
  readonly epochs: number | null;
  readonly seed: number;
  readonly loss: readonly LossTerm[];
  readonly optimizers: readonly OptimizerBlock[];
  readonly schedule: ScheduleBlock;
  readonly clip: { readonly norm: number | null; readonly value: number | null };
  readonly dropout: { readonly embed: number; readonly residual: number; readonly attention: number };
  readonly recompute:
    { readonly kind: 'none' } | { readonly kind: 'blocks' } | { readonly kind: 'auto'; readonly limit: number };
  readonly precision: PrecisionBlock;
  /** What is trained; the rest is frozen. */
  readonly params: readonly ParameterSelector[];
  readonly lora: LoraSpec | null;
  readonly init: readonly StartSpec[];
  readonly teacher: TeacherSpec | null;
  readonly reward: RewardSpec | null;
  readonly mup: { readonly base: number } | null;
  readonly ema: { readonly decay: number; readonly every: number } | null;
  /** Steps whose loss or gradient norm is so many deviations above that of the last `window` are dropped. */
  readonly skip: { readonly sigmas: number; readonly window: number } | null;
  /** Weights are rounded in the forward pass. */
  readonly quant: WeightFormat | null;
  readonly validation: { readonly fraction: number; readonly every: number; readonly batches: number; readonly data: DataSource | null }; // prettier-ignore
  readonly saveEvery: number;
  readonly span: Span;
  /** Of the keys that the file sets. */
  readonly spans: Readonly<Record<string, Span>>;
}
