// Takes: a trainer and where to begin. Gives: the loop of a training run: steps, validation, metrics, checkpoints.
// Promises: a stop asked for ends after the steps under way and saves; a resumed run goes on as if never stopped.
import type { Session } from '../engine/session.ts';
import { type CheckpointFacts, saveCheckpoint } from './checkpoint.ts';
import { writeReport } from './report.ts';
import type { Metrics, RunFolder } from './run-folder.ts';
import type { TrainingSteps } from './trainer.ts';
import { TrainingLoop } from './training-loop.ts';

export interface Progress extends Metrics {
  readonly steps: number;
  /** The latest one. */
  readonly validation: number | null;
  readonly secondsLeft: number;
}

export interface RunOptions {
  readonly trainer: TrainingSteps;
  readonly session: Session;
  readonly folder: RunFolder;
  /** Steps done, losses so far: zero and null for a fresh run. */
  readonly begin: CheckpointFacts;
  readonly onProgress: (progress: Progress) => void;
  /** True when the run shall end after the steps under way, two at most. */
  readonly shouldStop: () => boolean;
}

export interface RunResult {
  readonly steps: number;
  readonly interrupted: boolean;
  readonly loss: number | null;
  readonly firstValidationLoss: number | null;
  readonly validationLoss: number | null;
  readonly seconds: number;
  /** Steps that changed nothing, as gradients overflowed in mixed precision. */
  readonly skipped: number;
}

/** Trains to the end or until asked to stop. @throws UserError when the loss is no number or a save fails. */
export async function runTraining(options: RunOptions): Promise<RunResult> {
  const { trainer, folder, begin, shouldStop } = options;
  const { train } = begin;
  const seconds = folder.readMetrics().at(-1)?.seconds ?? 0;
  const loop = new TrainingLoop(trainer, train, {
    done: begin.step,
    validation: begin.validationLoss ?? begin.firstValidationLoss,
    seconds,
  });
  const first = begin.firstValidationLoss ?? (await loop.validate());
  let loss: number | null = null;
  let skipped = 0;
  const save = async (): Promise<void> => {
    const facts = { ...begin, step: loop.done, validationLoss: loop.validation, firstValidationLoss: first };
    await saveCheckpoint(folder.checkpoint, options.session, facts);
    writeReport(folder, facts);
  };
  while (loop.done < train.steps && (loop.isUnderWay || !shouldStop())) {
    const metrics = await loop.next(() => !shouldStop());
    loss = metrics.loss;
    skipped = metrics.skipped_steps ?? 0;
    folder.append(metrics);
    options.onProgress({ ...metrics, steps: train.steps, validation: loop.validation, secondsLeft: loop.secondsLeft });
    if (loop.done % train.saveEvery === 0 && loop.done < train.steps) {
      await save();
      loop.pause();
    }
  }
  await save();
  const { done, validation } = loop;
  const interrupted = done < train.steps;
  return { steps: done, interrupted, loss, firstValidationLoss: first, validationLoss: validation, seconds: loop.seconds, skipped }; // prettier-ignore
}
