// Takes: a checked model and a device. Gives: the least time that prefill, decode and training take there.
// Promises: a bound: peak arithmetic or peak bandwidth, whichever takes longer, fully overlapped; nothing real is faster.
import type { Model } from '../../2-check/model.ts';
import { type CostOptions, type Costs, costsOf, decodeLoad, type Load, prefillLoad } from './cost.ts';
import type { DeviceFigures, PeakFlops } from './devices.ts';
import { numberBytes, type NumberType } from './types.ts';
import { workOf } from './work.ts';

export interface Bound {
  readonly seconds: number;
  /** What takes that long. */
  readonly by: 'compute' | 'memory';
}

export interface Roofline {
  readonly device: DeviceFigures;
  /** Time to first token: a prompt of `length`, `batch` of them at once. */
  readonly prefill: Bound;
  /** Time per output token, after `length` tokens. */
  readonly decode: Bound;
  /** Of all sequences of the batch. */
  readonly tokensPerSecond: number;
  /** Sequences of `length` whose caches fit beside the weights, and what they generate together; null: memory not told. */
  readonly full: { readonly batch: number; readonly tokensPerSecond: number } | null;
  /** In bf16. `fits`: weights, gradients and moments on one device; null: memory not told. */
  readonly training: { readonly tokensPerSecond: number; readonly fits: boolean | null };
}

/** Weights narrower than what a device multiplies are widened on chip. */
const multipliedAs: { readonly [T in NumberType]: keyof PeakFlops } = { f32: 'f32', bf16: 'bf16', fp8: 'fp8', int4: 'bf16' }; // prettier-ignore

export function rooflineOf(model: Model, device: DeviceFigures, options: CostOptions = {}): Roofline {
  const costs = costsOf(model, options);
  const { settings } = costs;
  const { weights, gradients, moments } = costs.training;
  const work = workOf(model);
  const peak = device.flops[multipliedAs[settings.weights]];
  const bound = ({ flops, bytes }: Load): Bound => {
    const [compute, memory] = [flops / peak, bytes / device.bandwidth];
    return compute >= memory ? { seconds: compute, by: 'compute' } : { seconds: memory, by: 'memory' };
  };
  const decode = bound(decodeLoad(work, settings));
  const most = fitting(costs, device);
  const crowd = most === null || most === 0 ? null : bound(decodeLoad(work, { ...settings, batch: most }));
  return {
    device,
    prefill: bound(prefillLoad(work, settings)),
    decode,
    tokensPerSecond: settings.batch / decode.seconds,
    full: most === null ? null : { batch: most, tokensPerSecond: crowd === null ? 0 : most / crowd.seconds },
    training: {
      tokensPerSecond: device.flops.bf16 / costs.flopsPerToken.training,
      fits: device.memory === null ? null : weights + gradients + moments <= device.memory,
    },
  };
}

/** Sequences that fit; 0 when the weights alone do not. */
function fitting({ bytes, parameters, settings }: Costs, { memory }: DeviceFigures): number | null {
  const each = bytes.kvFull + bytes.state;
  if (memory === null || each === 0) return null;
  return Math.max(0, Math.floor((memory - parameters.total * numberBytes[settings.weights]) / each));
}
