// Takes: profiled work. Gives: a trace as ui.perfetto.dev and chrome://tracing open it: one track for kernels, one for the host.
// Promises: events of a track nest or follow one another; times are microseconds from the first on.
import type { Plan } from '../../compiler/7-plan/plan.ts';
import type { Span } from '../engine/run-times.ts';
import type { ProfiledRun, Section } from './profiler.ts';

/** The Trace Event Format: `M` names a track, `X` is an event with a duration. */
export type TraceEvent =
  | { readonly ph: 'M'; readonly name: string; readonly pid: 1; readonly tid: number; readonly args: { readonly name: string } } // prettier-ignore
  | {
      readonly ph: 'X';
      readonly name: string;
      readonly cat: string;
      readonly pid: 1;
      readonly tid: number;
      readonly ts: number;
      readonly dur: number;
      readonly args: Readonly<Record<string, unknown>>;
    };

export interface Trace {
  readonly displayTimeUnit: 'ms';
  readonly traceEvents: readonly TraceEvent[];
}

const tracks = { kernels: 1, host: 2 } as const;

/** `device`: what the kernels' track is called. */
export function traceOf(sections: readonly Section[], device: string): Trace {
  const works = sections.flatMap(({ label, profiled }) => profiled.map((work) => ({ label, ...work })));
  const zero = Math.min(...works.map(({ span }) => span.begin));
  const event = (track: keyof typeof tracks, name: string, cat: string, span: Span, args = {}): TraceEvent => ({
    ph: 'X',
    name,
    cat,
    pid: 1,
    tid: tracks[track],
    ts: microseconds(span.begin - zero),
    dur: microseconds(span.end - span.begin),
    args,
  });
  const hostOf = ({ plan, times }: ProfiledRun): TraceEvent[] => [
    event('host', 'encode', 'host', times.encode, { plan: plan.name }),
    event('host', 'submit', 'host', times.submit, { plan: plan.name }),
    event('host', 'wait and read back', 'host', times.wait, { plan: plan.name }),
  ];
  const kernelsOf = ({ plan, times }: ProfiledRun): TraceEvent[] =>
    times.steps.map((span, s) => {
      const { name, family, ...args } = describeStep(plan, s, span);
      return event('kernels', name, family, span, args);
    });
  return {
    displayTimeUnit: 'ms',
    traceEvents: [
      ...[['process_name', 0, 'modelc'] as const, ['thread_name', tracks.kernels, device] as const, ['thread_name', tracks.host, 'host'] as const] // prettier-ignore
        .map(([name, tid, text]): TraceEvent => ({ ph: 'M', name, pid: 1, tid, args: { name: text } })),
      ...works.flatMap(({ label, number, span, runs }) => [
        event('host', `${label} ${number}`, 'work', span),
        ...runs.flatMap((run) => [...hostOf(run), ...kernelsOf(run)]),
      ]),
    ],
  };
}

export interface StepFacts {
  readonly name: string;
  readonly family: string;
  readonly plan: string;
  readonly step: number;
  readonly kernel: number;
  readonly workgroups: readonly number[];
  readonly flops?: number;
  readonly bytes?: number;
  readonly gflops_per_second?: number;
  readonly gb_per_second?: number;
}

/** What is known of a step of a plan that ran for `span`. */
export function describeStep(plan: Plan, step: number, span: Span): StepFacts {
  const { kernel = -1, workgroups = [], work } = plan.steps[step] ?? {};
  const { name = '?', family = 'unknown' } = plan.kernels[kernel] ?? {};
  const facts = { name: work?.name ?? name, family, plan: plan.name, step, kernel, workgroups };
  if (work === undefined) return facts;
  const ns = (span.end - span.begin) * 1e6;
  const rates = ns > 0 ? { gflops_per_second: work.flops / ns, gb_per_second: work.bytes / ns } : {};
  return { ...facts, flops: work.flops, bytes: work.bytes, ...rates };
}

/** To the nanosecond. */
function microseconds(ms: number): number {
  return Math.round(ms * 1e6) / 1e3;
}
