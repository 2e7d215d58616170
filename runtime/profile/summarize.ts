// Takes: profiled work of one kind. Gives: its kernels with what each costs, and what the time around them is.
// Promises: the kernels' times add up to the time of all kernels; all figures are of one piece of work: the mean of those
// profiled.
import type { Plan, PlanStep } from '../../compiler/7-plan/plan.ts';
import type { Span } from '../engine/run-times.ts';
import type { Section } from './profiler.ts';

/** Dispatches that share one kernel. */
export interface KernelRow {
  /** What they compute, an asterisk for the numbers in which they differ: `contract:layers.*.attn.q`. */
  readonly name: string;
  readonly plan: string;
  /** Its number in the plan. */
  readonly kernel: number;
  readonly family: string;
  readonly calls: number;
  readonly ms: number;
  /** Of the time of all kernels. */
  readonly share: number;
  /** Null where the plan does not tell. */
  readonly flops: number | null;
  readonly bytes: number | null;
  /** All that they compute. */
  readonly names: readonly string[];
}

export interface Summary {
  readonly label: string;
  /** Pieces of work that were profiled. */
  readonly count: number;
  readonly wallMs: number;
  /** The median of those before, which were not profiled; null where there was none. */
  readonly plainMs: number | null;
  /** In which the calling thread encodes and submits them; null also on the CPU, where it computes in that time. */
  readonly plainQueueMs: number | null;
  readonly kernelMs: number;
  /** The rest of `plainMs`, or of `wallMs` where that is null: no kernel runs. Below 0 where timing slows the kernels down. */
  readonly gapMs: number;
  readonly encodeMs: number;
  readonly submitMs: number;
  /** From the submit until the times were read: the kernels and the way back. */
  readonly waitMs: number;
  readonly dispatches: number;
  readonly flops: number;
  readonly bytes: number;
  /** The dearest first. */
  readonly kernels: readonly KernelRow[];
}

interface Tally {
  readonly plan: string;
  readonly kernel: number;
  readonly family: string;
  readonly names: Set<string>;
  calls: number;
  ms: number;
  flops: number | null;
  bytes: number | null;
}

export function summarize({ label, plain, profiled }: Section): Summary {
  const count = profiled.length;
  const runs = profiled.flatMap((work) => work.runs);
  const tallies = new Map<string, Tally>();
  for (const { plan, times } of runs)
    plan.steps.forEach((step, s) => note(tallies, plan, step, lengthOf(times.steps[s])));
  const all = [...tallies.values()];
  const kernelMs = sum(all.map(({ ms }) => ms)) / count;
  const mean = (spans: readonly Span[]): number => sum(spans.map(lengthOf)) / count;
  const wallMs = mean(profiled.map(({ span }) => span));
  const plainMs = median(plain.map(({ ms }) => ms));
  return {
    label,
    count,
    wallMs,
    plainMs,
    plainQueueMs: runs.some(({ plan }) => plan.target === 'wasm') ? null : median(plain.map(({ queueMs }) => queueMs)),
    kernelMs,
    gapMs: (plainMs ?? wallMs) - kernelMs,
    encodeMs: mean(runs.map(({ times }) => times.encode)),
    submitMs: mean(runs.map(({ times }) => times.submit)),
    waitMs: mean(runs.map(({ times }) => times.wait)),
    dispatches: sum(all.map(({ calls }) => calls)) / count,
    flops: sum(all.map(({ flops }) => flops ?? 0)) / count,
    bytes: sum(all.map(({ bytes }) => bytes ?? 0)) / count,
    kernels: all.map((tally) => rowOf(tally, count, kernelMs)).sort((a, b) => b.ms - a.ms),
  };
}

function note(tallies: Map<string, Tally>, plan: Plan, { kernel, work }: PlanStep, ms: number): void {
  const key = `${plan.name} ${kernel}`;
  const { name = '?', family = 'unknown' } = plan.kernels[kernel] ?? {};
  const fresh = { plan: plan.name, kernel, family, names: new Set<string>(), calls: 0, ms: 0, flops: 0, bytes: 0 };
  const tally = tallies.get(key) ?? fresh;
  tallies.set(key, tally);
  tally.names.add(work?.name ?? name);
  tally.calls += 1;
  tally.ms += ms;
  tally.flops = work && tally.flops !== null ? tally.flops + work.flops : null;
  tally.bytes = work && tally.bytes !== null ? tally.bytes + work.bytes : null;
}

function rowOf(
  { plan, kernel: number, family, names, calls, ms, flops, bytes }: Tally,
  count: number,
  kernelMs: number,
): KernelRow {
  const share = kernelMs > 0 ? ms / count / kernelMs : 0;
  const per = (total: number | null): number | null => (total === null ? null : total / count);
  const kernel = {
    name: commonName([...names]),
    plan,
    kernel: number,
    family,
    calls: calls / count,
    ms: ms / count,
    share,
  };
  return { ...kernel, flops: per(flops), bytes: per(bytes), names: [...names] };
}

/** `layers.0.attn.q`, `layers.1.attn.q` -> `layers.*.attn.q`; what else there is is counted. */
export function commonName(names: readonly string[]): string {
  const [first = '?'] = names;
  if (names.length < 2) return first;
  const starred = [...new Set(names.map((name) => name.replaceAll(/\.\d+(?=\.|$| )/g, '.*')))];
  const [shown = first] = starred;
  return starred.length > 1 ? `${shown} and ${starred.length - 1} more` : shown;
}

function lengthOf(span: Span | undefined): number {
  return span === undefined ? 0 : span.end - span.begin;
}

export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
