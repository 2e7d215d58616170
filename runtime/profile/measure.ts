// Takes: nothing. Gives: how work that runs plans can be measured from outside.
// Promises: unmeasured work runs as if nothing of this were there.
import type { Executable } from '../engine/executable.ts';

/** Runs a plan once: queues it, or waits for the times of its steps. */
export type RunPlan = (executable: Executable) => void | Promise<void>;

/** Does the work; `label` says of what kind it is: `step`, `prefill`, `decode`. All its plans are run by `run`. */
export type Measure = <T>(label: string, work: (run: RunPlan) => Promise<T>) => Promise<T>;

export const runPlan: RunPlan = (executable) => executable.run();

export const unmeasured: Measure = (_, work) => work(runPlan);
