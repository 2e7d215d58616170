// Takes: sizes of causal attention. Gives: its time forward, and forward and backward.
// Promises: counts the pairs that are seen once, whatever the kernels compute again (FlashAttention-2, arXiv 2307.08691, section 4.1).
import type { Executable } from '../engine/executable.ts';
import { median } from '../profile/summarize.ts';
import { measureGraph, type Settings } from './ceilings.ts';
import { attentionGraph, type AttentionSize } from './graphs.ts';
import type { AttentionPass, AttentionResult } from './result.ts';
import { canTime } from './timing.ts';

export async function measureAttention(
  settings: Settings,
  size: AttentionSize,
  matmulFlopsPerSecond: number,
): Promise<AttentionResult> {
  const { batch, heads, seq, depth } = size;
  const product = 2 * batch * heads * ((seq * (seq + 1)) / 2) * depth;
  const pass = async (backward: boolean, products: number): Promise<AttentionPass> => {
    settings.report(`attention: ${backward ? 'forward and backward' : 'forward'}, ${batch} x ${heads} x ${seq} x ${depth}, ${settings.type}`); // prettier-ignore
    let kernels: AttentionPass['kernels'] = {};
    const look = async (executable: Executable): Promise<void> => {
      if (canTime(settings.device)) kernels = await kernelTimes(executable);
    };
    const timed = await measureGraph(settings, attentionGraph(size, settings.type, backward), look);
    const flops = products * product;
    const flopsPerSecond = (flops * 1000) / timed.ms;
    return { ...timed, flops, flopsPerSecond, shareOfMatmul: flopsPerSecond / matmulFlopsPerSecond, kernels };
  };
  const forward = await pass(false, 2);
  return { type: settings.type, size, forward, both: await pass(true, 7) };
}

/** By kernel, of one run: the median of three. */
async function kernelTimes(executable: Executable): Promise<Record<string, number>> {
  const times = new Map<string, number[]>();
  for (let turn = 0; turn < 3; turn++) {
    // oxlint-disable-next-line no-await-in-loop -- one after another is the point
    const { steps } = await executable.profile();
    const turnTimes = new Map<string, number>();
    executable.plan.steps.forEach(({ kernel }, s) => {
      const name = executable.plan.kernels[kernel]?.name ?? '?';
      const span = steps[s];
      turnTimes.set(name, (turnTimes.get(name) ?? 0) + (span ? span.end - span.begin : 0));
    });
    for (const [name, ms] of turnTimes) times.set(name, [...(times.get(name) ?? []), ms]);
  }
  return Object.fromEntries([...times].map(([name, all]) => [name, median(all) ?? 0]));
}
