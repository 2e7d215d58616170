// Takes: nothing. Gives: the checked model, the result of resolving a .model file.
// Promises: every number is resolved, every name bound, every shape consistent; plain data, spans apart.
//   The types of its parts stand in model/ and can all be had here.
import type { Span } from '../../grammar/source.ts';
import type { Layer } from './model/blocks.ts';
import type { Activation, InitSpec, NormSpec, ProjectionSpec } from './model/parts.ts';
import type { TowerModel } from './model/towers.ts';
import type { DataBlock, SweepBlock } from './model/data-block.ts';
import type { GenerateBlock } from './model/generate-block.ts';
import type { TrainBlock } from './model/train-block.ts';
import type { WeightMap } from './model/weights.ts';

export type * from './model/blocks.ts';
export type * from './model/data-block.ts';
export type * from './model/ffns.ts';
export type * from './model/formula.ts';
export type * from './model/generate-block.ts';
export type * from './model/mixers.ts';
export type * from './model/parts.ts';
export type * from './model/towers.ts';
export type * from './model/train-block.ts';
export type * from './model/train.ts';
export type * from './model/weights.ts';

export interface EmbedSpec {
  /** True: the head reads the embedding matrix. */
  readonly tied: boolean;
  /** Rows of the matrix: vocab, or the next multiple of `pad_to`. */
  readonly rows: number;
  /** Rows of another width, mapped to d_model (arXiv 1909.11942); null: rows are d_model wide. */
  readonly factor: FactorSpec | null;
  readonly scale: number;
  /** Learned absolute positions, [length + offset, d_model]: position p reads row p + offset. */
  readonly positions: { readonly length: number; readonly offset: number; readonly init: InitSpec } | null;
  /** Fixed ones: [sin((p + offset) w_i), cos((p + offset) w_i)]. */
  readonly sinusoidal: SinusoidalSpec | null;
  readonly norm: NormSpec | null;
  readonly init: InitSpec;
}

export interface SinusoidalSpec {
  readonly theta: number;
  readonly offset: number;
  /** With h = d_model / 2: `open` w_i = theta^(-i / h), `closed` w_i = theta^(-i / (h - 1)), so that the last is 1 / theta. */
  readonly spacing: 'open' | 'closed';
}

/** A map between d_model and the width of a matrix of the vocabulary. */
export interface FactorSpec {
  readonly dim: number;
  readonly projection: ProjectionSpec;
}

/** norm(act(W x + b)), d_model wide. */
export interface TransformSpec {
  readonly act: Activation;
  readonly norm: NormSpec | null;
  readonly projection: ProjectionSpec;
}

export interface HeadSpec {
  readonly norm: NormSpec | null;
  /** Behind the norm. */
  readonly transform: TransformSpec | null;
  /** The state is mapped to this width before the logits. */
  readonly factor: FactorSpec | null;
  readonly scale: number;
  readonly softcap: number | null;
  readonly bias: boolean;
  readonly init: InitSpec;
}

/** A value over training: each holds until its number of tokens, the last one to the end. */
export interface Piecewise {
  readonly pieces: readonly { readonly value: number; readonly until: number }[];
  readonly last: number;
}

/** Multi-token prediction (arXiv 2412.19437 2.2): a module per depth, h_k = block(project [norm e; norm h_(k-1)]). */
export interface MtpSpec {
  readonly depth: number;
  /** What is concatenated, in the order of the projection's columns. */
  readonly input: readonly { readonly from: 'embed' | 'state'; readonly norm: NormSpec | null; readonly instance: string | null }[]; // prettier-ignore
  /** Whether the main state is taken before or after the final norm. */
  readonly state: 'pre_norm' | 'post_norm';
  readonly layer: Layer;
  readonly projection: ProjectionSpec;
  readonly norm: NormSpec | null;
  readonly share: readonly ('embed' | 'head')[];
  readonly lossWeight: Piecewise;
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
  readonly mtp: MtpSpec | null;
  readonly weights: readonly WeightMap[];
  /** The model block alone, long form, variants applied: equal text means equal function. */
  readonly canonical: string;
  readonly span: Span;
}

/** Everything one .model file defines, variants included. */
export interface CheckedFile {
  readonly models: readonly Model[];
  readonly towers: readonly TowerModel[];
  /** What can be run of these: `trainSpecOf`, `generateSpecOf` in 2-check/train. */
  readonly trains: readonly TrainBlock[];
  readonly generates: readonly GenerateBlock[];
  readonly data: readonly DataBlock[];
  readonly sweeps: readonly SweepBlock[];
}
