// Takes: a checked model. Gives: parameters by component, work, memory and arithmetic intensity.
// Promises: counts what the graph computes: linear maps, attention, recurrences; elementwise work is left out, as is usual.
import type { Model } from '../../2-check/model.ts';
import { parameterCosts, type ParameterCosts } from './components.ts';
import { trainingMemory, type TrainingMemory } from './training/memory.ts';
import { numberBytes, type NumberType } from './types.ts';
import { type Work, workOf } from './work.ts';

export interface CostOptions {
  /** Tokens of the sequence; the model's context when left out. */
  readonly length?: number;
  /** Sequences at once in prefill and decode. */
  readonly batch?: number;
  readonly weights?: NumberType;
  /** Of keys and values. */
  readonly cache?: NumberType;
  readonly state?: NumberType;
}

export type CostSettings = Required<CostOptions>;

export interface Costs {
  readonly settings: CostSettings;
  readonly parameters: ParameterCosts;
  /** Operations per token, 2 per multiply-add, in a sequence of `length`. */
  readonly flopsPerToken: {
    readonly forward: number;
    /** Of the forward work: scores and weighted values, which grow with the length. */
    readonly attention: number;
    readonly withoutAttention: number;
    /** The gradients of activations and weights: twice the forward work. */
    readonly backward: number;
    /** Forward and backward, multi-token prediction with it. */
    readonly training: number;
    /** One token more after `length` kept ones. */
    readonly decode: number;
    /** Of the forward work: each mixer and ffn by name, and `head`. */
    readonly byPart: Readonly<Record<string, number>>;
  };
  readonly bytes: {
    readonly weights: Readonly<Record<NumberType, number>>;
    /** Keys and values of one token, while no window is full. */
    readonly kvPerToken: number;
    /** Keys and values of one sequence of `length`: windows and chunks bound what is kept. */
    readonly kvFull: number;
    /** States of one sequence, however long it is. */
    readonly state: number;
  };
  readonly training: TrainingMemory;
  /** Operations per byte of weights and cache that is read or written. */
  readonly intensity: { readonly prefill: number; readonly decode: number };
}

export function costsOf(model: Model, options: CostOptions = {}): Costs {
  const settings: CostSettings = { length: model.context, batch: 1, weights: 'bf16', cache: 'bf16', state: 'bf16', ...options }; // prettier-ignore
  const { length } = settings;
  const work = workOf(model);
  const counts = parameterCosts(model);
  const { total: forward, attention, byPart } = work.sequence(length);
  const [prefill, decode] = [prefillLoad(work, settings), decodeLoad(work, settings)];
  const cacheBytes = numberBytes[settings.cache];
  return {
    settings,
    parameters: counts,
    flopsPerToken: {
      forward,
      attention,
      withoutAttention: forward - attention,
      backward: 2 * forward,
      training: 3 * (forward + work.mtp(length)),
      decode: work.step(length).total,
      byPart,
    },
    bytes: {
      weights: weightBytes(counts.total),
      kvPerToken: work.cache.perToken * cacheBytes,
      kvFull: work.cache.at(length) * cacheBytes,
      state: work.cache.state * numberBytes[settings.state],
    },
    training: trainingMemory(model, counts, length),
    intensity: { prefill: prefill.flops / prefill.bytes, decode: decode.flops / decode.bytes },
  };
}

function weightBytes(total: number): Record<NumberType, number> {
  const of = (type: NumberType): number => total * numberBytes[type];
  return { f32: of('f32'), bf16: of('bf16'), fp8: of('fp8'), int4: of('int4') };
}

/** Operations, and bytes that go between memory and chip. */
export interface Load {
  readonly flops: number;
  readonly bytes: number;
}

/** A prompt of `length`: logits of its last token; weights are read once, the cache is written once. */
export function prefillLoad(work: Work, { length, batch, ...types }: CostSettings): Load {
  const { total, head } = work.sequence(length);
  const cache = work.cache.at(length) * numberBytes[types.cache] + work.cache.state * numberBytes[types.state];
  const weights = work.weightsRead(batch * length) * numberBytes[types.weights];
  return { flops: batch * (length * (total - head) + head), bytes: weights + batch * cache };
}

/** One token of each sequence: weights and cache are read, states are read and written. */
export function decodeLoad(work: Work, { length, batch, ...types }: CostSettings): Load {
  const cache = work.cache.at(length) * numberBytes[types.cache] + 2 * work.cache.state * numberBytes[types.state];
  const weights = work.weightsRead(batch) * numberBytes[types.weights];
  return { flops: batch * work.step(length).total, bytes: weights + batch * cache };
}
