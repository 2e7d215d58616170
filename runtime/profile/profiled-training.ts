// Takes: a trainer and the folder of its run. Gives: the same trainer, some of its steps profiled into the folder.
// Promises: the first steps warm up, where the run is long enough; the run computes what it computes without it.
import { InvalidArgumentError } from 'commander';
import { DeviceError } from '../engine/device-error.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import { noTimestamps } from '../engine/run-times.ts';
import { notice } from '../terminal.ts';
import type { Trainer, TrainingSteps } from '../training/trainer.ts';
import { Profiler, type Section } from './profiler.ts';
import type { Summary } from './summarize.ts';
import { writeProfile } from './write-profile.ts';

const warmup = 3;

/** Steps that `--profile` asks for. */
export function profileSteps(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('give a number of steps, as in --profile=3, or --profile alone behind the file.');
}

/** @throws DeviceError when the device cannot time its kernels. */
export function requireTimes(device: EngineDevice): void {
  if (device.kind === 'gpu' && !device.target.features.includes('timestamp-query')) throw new DeviceError(noTimestamps);
}

export interface ProfiledTraining {
  readonly steps: TrainingSteps;
  /** What there is at the end of the run, written. @throws UserError when a file cannot be written */
  readonly finish: () => readonly Summary[];
}

export interface ProfileRequest {
  /** `--profile` alone is true. */
  readonly asked: number | true;
  /** Steps that the run has left. */
  readonly left: number;
  readonly folder: string;
}

/** @throws DeviceError when the device cannot time its kernels. */
export function profileTraining(
  trainer: Trainer,
  device: EngineDevice,
  { asked, left, folder }: ProfileRequest,
): ProfiledTraining {
  requireTimes(device);
  const count = Math.min(asked === true ? 3 : asked, left);
  let summaries: readonly Summary[] | undefined;
  const write = (sections: readonly Section[]): void => {
    const written = writeProfile(folder, sections, device.describe());
    notice(`\nprofile: ${written.profile}; ${written.trace} opens in ui.perfetto.dev`);
    summaries = written.summaries;
  };
  const profiler = new Profiler({ step: { warmup: Math.min(warmup, left - count), count } }, write);
  const finish = (): readonly Summary[] => {
    const sections = profiler.sections();
    if (summaries === undefined && sections.length > 0) write(sections);
    return summaries ?? [];
  };
  return { steps: trainer.measured(profiler.measure), finish };
}
