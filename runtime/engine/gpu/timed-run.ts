// Takes: bound steps.
// Gives: one run of them, with the times of each.
// Promises: every step is a pass of its own between two timestamps (Dawn in Node has none inside a pass); the same numbers are
// computed as without them.
import { DeviceError } from '../device-error.ts';
import { inOrder, noTimestamps } from '../run-times.ts';
import type { RunTimes, Span } from '../run-times.ts';
import { usage } from './transfer.ts';
import type { Wait } from './wait.ts';

/** Of one query set, by the WebGPU specification; two for a step. */
const mostQueries = 4096;
const stepsPerSet = mostQueries / 2;
const bytesPerStep = 16;

/** What a step asks of its pass. */
export type EncodeStep = (pass: GPUComputePassEncoder) => void;

/** @throws DeviceError when the adapter has no timestamps, or the device fails. */
export async function timedRun(
  gpu: GPUDevice,
  steps: readonly EncodeStep[],
  raise: () => void,
  wait: Wait,
): Promise<RunTimes> {
  if (!gpu.features.has('timestamp-query')) throw new DeviceError(noTimestamps);
  const bytes = Math.max(1, steps.length) * bytesPerStep;
  const resolved = gpu.createBuffer({ size: bytes, usage: usage.queryResolve | usage.copySource });
  const staging = gpu.createBuffer({ size: bytes, usage: usage.mapRead | usage.copyTarget });
  const start = performance.now();
  const { commands, sets } = encode(gpu, steps, resolved, staging);
  const encoded = performance.now();
  gpu.queue.submit([commands]);
  const submitted = performance.now();
  try {
    await wait(staging.mapAsync(1));
    const stamps = new BigUint64Array(staging.getMappedRange());
    return {
      steps: inOrder(spansOf(stamps, steps.length, encoded)),
      encode: { begin: start, end: encoded },
      submit: { begin: encoded, end: submitted },
      wait: { begin: submitted, end: performance.now() },
    };
  } catch (cause) {
    raise();
    throw new DeviceError(`timing a run failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  } finally {
    for (const each of [resolved, staging, ...sets]) each.destroy();
  }
}

function encode(
  gpu: GPUDevice,
  steps: readonly EncodeStep[],
  resolved: GPUBuffer,
  staging: GPUBuffer,
): { readonly commands: GPUCommandBuffer; readonly sets: readonly GPUQuerySet[] } {
  const encoder = gpu.createCommandEncoder();
  const sets: GPUQuerySet[] = [];
  for (let first = 0; first < steps.length; first += stepsPerSet) {
    const part = steps.slice(first, first + stepsPerSet);
    const querySet = gpu.createQuerySet({ type: 'timestamp', count: 2 * part.length });
    sets.push(querySet);
    for (const [i, step] of part.entries()) {
      const stamps = { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 };
      const pass = encoder.beginComputePass({ timestampWrites: stamps });
      step(pass);
      pass.end();
    }
    encoder.resolveQuerySet(querySet, 0, 2 * part.length, resolved, first * bytesPerStep);
  }
  encoder.copyBufferToBuffer(resolved, 0, staging, 0, resolved.size);
  return { commands: encoder.finish(), sets };
}

/** Nanoseconds of the device, the first of which is `zero` of the host. */
function spansOf(stamps: BigUint64Array, steps: number, zero: number): Span[] {
  const first = stamps[0] ?? 0n;
  const at = (index: number): number => zero + Number((stamps[index] ?? first) - first) / 1e6;
  return Array.from({ length: steps }, (_, step) => ({ begin: at(2 * step), end: at(2 * step + 1) }));
}
