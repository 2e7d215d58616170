// Takes: something a device can do again and again. Gives: how long it takes.
// Promises: it has been warmed up; many runs lie between two reads, so that no way back to the host is counted; the median of
// several repeats, each of which is kept.
import { GraphBuilder } from '../../compiler/3-graph/builder.ts';
import { compileGraph } from '../../compiler/compile-graph.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import type { Executable } from '../engine/executable.ts';
import type { Session } from '../engine/session.ts';
import { median } from '../profile/summarize.ts';

export interface Timing {
  /** Of one run: the median of the repeats. */
  readonly ms: number;
  /** Means of every repeat. */
  readonly repeats: readonly number[];
  /** In each repeat. */
  readonly runs: number;
}

export interface TimingOptions {
  /** Of all repeats together, about. */
  readonly seconds: number;
  readonly repeats: number;
  readonly mostRuns?: number;
}

/** Waits for all that a device has been asked for, by reading next to nothing. */
export type Fence = () => Promise<void>;

export async function openFence(session: Session): Promise<Fence> {
  const builder = new GraphBuilder('bench.fence');
  const one = { type: 'f32', dims: [{ name: 'one', size: 1 }] } as const;
  const x = builder.add('source', { name: 'x', role: 'input', type: one }, []);
  builder.output('y', builder.add('concat', { dim: 'one' }, [x, x]));
  const executable = await session.load(compileGraph(builder.finish(), {}, { target: session.device.target }));
  executable.run();
  return async () => void (await executable.read('y'));
}

/** `run` queues one run. */
export async function timeRuns(run: () => void, fence: Fence, options: TimingOptions): Promise<Timing> {
  const { seconds, repeats: count, mostRuns = 1000 } = options;
  const timed = async (runs: number): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < runs; i++) run();
    await fence();
    return (performance.now() - start) / runs;
  };
  await timed(1);
  const once = Math.max(1e-3, await timed(2));
  const runs = Math.max(1, Math.min(mostRuns, Math.round((1000 * seconds) / count / once)));
  await timed(Math.ceil(runs / 4));
  const repeats: number[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one after another is the point
  for (let i = 0; i < count; i++) repeats.push(await timed(runs));
  return { ms: median(repeats) ?? Number.NaN, repeats, runs };
}

/** Milliseconds in kernels, of one run; null where the device has no clock for them. */
export async function kernelMs(executable: Executable, device: EngineDevice, turns = 3): Promise<number | null> {
  if (!canTime(device)) return null;
  const sums: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    // oxlint-disable-next-line no-await-in-loop -- one after another is the point
    const { steps } = await executable.profile();
    sums.push(steps.reduce((sum, { begin, end }) => sum + end - begin, 0));
  }
  return median(sums);
}

export function canTime(device: EngineDevice): boolean {
  return device.kind === 'cpu' || device.target.features.includes('timestamp-query');
}
