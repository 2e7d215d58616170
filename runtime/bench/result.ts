// Takes: nothing. Gives: what benchmarks say, as data.
// Promises: times are milliseconds, work is operations and bytes; a share of a ceiling is 1 where it is reached.
import type { AttentionSize, ElementType, MatmulSize } from './graphs.ts';
import type { Timing } from './timing.ts';

export const benchNames = ['train', 'prefill', 'decode', 'matmul', 'attention'] as const;
export type BenchName = (typeof benchNames)[number];

/** What the device reaches at best, measured in the same run. */
export interface Ceilings {
  /** Bytes read and written, of a large tensor. */
  readonly copy: { readonly bytes: number; readonly ms: number; readonly bytesPerSecond: number };
  /** The best of several sizes, by the product of the compiler itself. */
  readonly matmul: MatmulResult;
  /** Multiply-adds of registers alone, all threads together; null where the device is no CPU. */
  readonly simdFlopsPerSecond: number | null;
}

/** Time of one run, and of its kernels alone where the device tells it. */
interface Timed extends Timing {
  readonly kernelMs: number | null;
}

export interface MatmulResult extends Timed {
  readonly type: ElementType;
  readonly size: MatmulSize;
  readonly flops: number;
  readonly flopsPerSecond: number;
}

/** Operations as is usual: products of the pairs that are seen, two forward, five backward. */
export interface AttentionPass extends Timed {
  readonly flops: number;
  readonly flopsPerSecond: number;
  readonly shareOfMatmul: number;
  /** Milliseconds by kernel. */
  readonly kernels: Readonly<Record<string, number>>;
}

export interface AttentionResult {
  readonly type: ElementType;
  readonly size: AttentionSize;
  readonly forward: AttentionPass;
  /** Forward and backward together. */
  readonly both: AttentionPass;
}

interface OfModel {
  readonly model: string;
  readonly parameters: number;
  readonly batch: number;
  readonly tokensPerSecond: number;
  /** Milliseconds in kernels; null where the device does not tell. */
  readonly kernelMs: number | null;
  readonly deviceBytes: number;
}

export interface TrainResult extends OfModel {
  readonly seq: number;
  readonly accumulate: number;
  /** Of a step: from one loss to the next. */
  readonly ms: number;
  /** Of the process in a step, all its threads together; null where the kernels run there too. */
  readonly cpuMs: number | null;
  readonly steps: readonly number[];
  /** Model FLOPs (PaLM, arXiv 2204.02311, appendix B): what the model needs, nothing that is computed twice. */
  readonly flopsPerSecond: number;
  readonly shareOfMatmul: number;
  readonly dispatches: number;
}

export interface PrefillResult extends OfModel {
  /** How matrices are held. */
  readonly weights: ElementType;
  /** Tokens of a prompt. */
  readonly seq: number;
  readonly chunk: number;
  /** Of a prompt, its logits read. */
  readonly ms: number;
  readonly flopsPerSecond: number;
  readonly shareOfMatmul: number;
}

export interface DecodeResult extends OfModel {
  /** How matrices are held. */
  readonly weights: ElementType;
  /** Positions that the cache holds. */
  readonly context: number;
  /** Of a token, its logits read. */
  readonly ms: number;
  /** Of a token that the device chooses, told to the host with others. */
  readonly streamMs: number;
  /** Of a token, where many are queued and nothing is read. */
  readonly queuedMs: number;
  /** Weights, cache and all else that a token reads and writes. */
  readonly bytes: number;
  readonly bytesPerSecond: number;
  readonly shareOfCopy: number;
  readonly dispatches: number;
}

export interface Results {
  readonly train?: TrainResult;
  readonly prefill?: PrefillResult;
  readonly decode?: DecodeResult;
  readonly matmul?: MatmulResult & { readonly shareOfMatmul: number };
  readonly attention?: AttentionResult;
}

export interface BenchReport {
  readonly device: string;
  readonly ceilings: Ceilings;
  readonly results: Results;
  /** Why a benchmark has no result. */
  readonly faults: Readonly<Partial<Record<BenchName, string>>>;
}
