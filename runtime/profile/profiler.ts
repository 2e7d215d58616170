// Takes: work that runs plans, again and again. Gives: the times of some of it.
// Promises: what comes first warms up and is timed as a whole only; after the last that is asked for, work runs as ever.
import type { Plan } from '../../compiler/7-plan/plan.ts';
import type { RunTimes, Span } from '../engine/run-times.ts';
import { runPlan, type Measure, type RunPlan } from './measure.ts';

/** Of one kind of work. */
export interface Window {
  /** So many are not profiled. */
  readonly warmup: number;
  /** So many after them are. */
  readonly count: number;
}

export interface ProfiledRun {
  readonly plan: Plan;
  readonly times: RunTimes;
}

/** One piece of work: a training step, a prompt, a token. */
export interface ProfiledWork {
  /** 1-based, among its kind. */
  readonly number: number;
  readonly span: Span;
  readonly runs: readonly ProfiledRun[];
}

/** Milliseconds of a piece of work that was not profiled. */
export interface PlainWork {
  readonly ms: number;
  /** Of the calling thread, in `Executable.run`. */
  readonly queueMs: number;
}

export interface Section {
  readonly label: string;
  /** Those before, which were not profiled; without the first, which has more to do. */
  readonly plain: readonly PlainWork[];
  readonly profiled: readonly ProfiledWork[];
}

interface Kept {
  seen: number;
  readonly plain: PlainWork[];
  readonly profiled: ProfiledWork[];
}

export class Profiler {
  readonly #windows: ReadonlyMap<string, Window>;
  readonly #kept = new Map<string, Kept>();
  readonly #onDone: (sections: readonly Section[]) => void;
  #told = false;

  /** `onDone`: called once all that is asked for has been profiled. */
  constructor(windows: Readonly<Record<string, Window>>, onDone: (sections: readonly Section[]) => void = () => {}) {
    this.#windows = new Map(Object.entries(windows));
    this.#onDone = onDone;
  }

  readonly measure: Measure = async (label, work) => {
    const window = this.#windows.get(label);
    if (window === undefined || this.#told) return work(runPlan);
    const kept = this.#kept.get(label) ?? { seen: 0, plain: [], profiled: [] };
    this.#kept.set(label, kept);
    const number = ++kept.seen;
    const isTimed = number > window.warmup && number <= window.warmup + window.count;
    const runs: ProfiledRun[] = [];
    const timed: RunPlan = async (executable) => {
      const { plan } = executable;
      runs.push({ plan, times: await executable.profile() });
    };
    let queueMs = 0;
    const plain: RunPlan = (executable) => {
      const start = performance.now();
      executable.run();
      queueMs += performance.now() - start;
    };
    const begin = performance.now();
    const result = await work(isTimed ? timed : plain);
    const span = { begin, end: performance.now() };
    if (isTimed) kept.profiled.push({ number, span, runs });
    else if (number > 1) kept.plain.push({ ms: span.end - span.begin, queueMs });
    this.#tellWhenDone();
    return result;
  };

  /** What has been profiled so far. */
  sections(): Section[] {
    return [...this.#kept].flatMap(([label, { plain, profiled }]) => (profiled.length > 0 ? [{ label, plain, profiled }] : [])); // prettier-ignore
  }

  #tellWhenDone(): void {
    const done = [...this.#windows].every(([label, { count }]) => this.#kept.get(label)?.profiled.length === count);
    if (!done || this.#told) return;
    this.#told = true;
    this.#onDone(this.sections());
  }
}
