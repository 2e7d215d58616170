// Takes: nothing. Gives: a generate block of the language, resolved.
// Promises: plain data; says everything that is asked for, whether it can be run today or not.
import type { Span } from '../../../grammar/source.ts';

export interface SampleBlock {
  /** 0: the likeliest. */
  readonly temperature: number;
  readonly topK: number | null;
  readonly topP: number | null;
  readonly minP: number | null;
  readonly typicalP: number | null;
  /** Logits of tokens that were there are divided by it (or multiplied when negative); 1: none. */
  readonly repetitionPenalty: number;
  readonly seed: number | null;
}

export type CacheDtype = 'f32' | 'bf16' | 'f16' | 'fp8' | 'int8';

/** Where keys and values stand. */
export type CacheLayout =
  | { readonly kind: 'contiguous' }
  /** In pages of `block` tokens. */
  | { readonly kind: 'paged'; readonly block: number }
  /** The last `size` tokens. */
  | { readonly kind: 'ring'; readonly size: number };

export interface CacheBlock {
  readonly dtype: CacheDtype;
  readonly layout: CacheLayout;
  /** By the name of a mixer: what differs from the above. */
  readonly mixers: Readonly<Record<string, { readonly dtype: CacheDtype } | { readonly layout: CacheLayout }>>;
}

export type WeightFormat =
  | { readonly kind: 'f32' | 'bf16' | 'f16' | 'fp8_e4m3' | 'mxfp4' }
  /** A scale per `group` of inputs; null: one per output. */
  | { readonly kind: 'int4' | 'int8' | 'nf4'; readonly group: number | null };

export interface QuantBlock {
  readonly weights: WeightFormat | null;
  readonly activations: 'int8' | 'fp8_e4m3' | null;
  /** What stays as it is: `embed`, `head`, `router`, `norm`, or a part. */
  readonly keep: readonly string[];
}

export type DraftSpec =
  | { readonly kind: 'model'; readonly name: string }
  /** The modules of multi-token prediction. */
  | { readonly kind: 'mtp' }
  | { readonly kind: 'ngram'; readonly n: number }
  | { readonly kind: 'medusa'; readonly heads: number }
  | { readonly kind: 'eagle'; readonly from: string };

export interface SpeculateBlock {
  readonly draft: DraftSpec;
  /** Drafted per step. */
  readonly tokens: number;
  /** `exact`: the distribution of the model itself. */
  readonly accept: { readonly kind: 'exact' } | { readonly kind: 'typical'; readonly threshold: number };
}

/** Masked diffusion: all masked, then the surest tokens of each block are kept, step by step. */
export interface UnmaskBlock {
  readonly steps: number;
  readonly block: number;
  readonly order: 'low_confidence' | 'random' | 'entropy' | 'left_to_right';
  /** u + (w + 1)(c - u) */
  readonly cfg: number;
  readonly temperature: number;
}

export type ReportFigure = 'ttft' | 'tpot' | 'throughput' | 'latency' | 'memory' | 'intensity' | 'cache';

export interface GenerateBlock {
  readonly name: string;
  readonly model: string;
  readonly sample: SampleBlock;
  readonly maxTokens: number;
  readonly stop: readonly string[];
  readonly cache: CacheBlock;
  readonly quant: QuantBlock | null;
  readonly speculate: SpeculateBlock | null;
  readonly unmask: UnmaskBlock | null;
  readonly beam: { readonly width: number; readonly lengthPenalty: number } | null;
  /** Of a conversation: its name, or the text of a template. */
  readonly template: string | null;
  /** A file with the grammar that answers follow. */
  readonly grammar: string | null;
  /** By the name of an mla: whether queries and outputs take the up-projections in (arXiv 2405.04434). */
  readonly absorb: Readonly<Record<string, boolean>>;
  readonly report: readonly ReportFigure[];
  readonly span: Span;
  /** Of the keys that the file sets. */
  readonly spans: Readonly<Record<string, Span>>;
}
