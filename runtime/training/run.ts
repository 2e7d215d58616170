// Takes: a trainer and where to begin. Gives: the loop of a training run: steps, validation, metrics, checkpoints.
// Promises: a stop asked for ends after the step under way and saves; a resumed run goes on as if never stopped.
import type { Session } from '../engine/session.ts';
import { UserError } from '../user-error.ts';
import { type CheckpointFacts, saveCheckpoint } from './checkpoint.ts';
import { writeReport } from './report.ts';
import type { Metrics, RunFolder } from './run-folder.ts';
import type { Trainer } from './trainer.ts';

export interface Progress extends Metrics {
  readonly steps: number;
  /** The latest one. */
  readonly validation: number | null;
  readonly secondsLeft: number;
}

export interface RunOptions {
  readonly trainer: Trainer;
  readonly session: Session;
  readonly folder: RunFolder;
  /** Steps done, losses so far: zero and null for a fresh run. */
  readonly begin: CheckpointFacts;
  readonly onProgress: (progress: Progress) => void;
  /** True when the run shall end after the step under way. */
  readonly shouldStop: () => boolean;
}

export interface RunResult {
  readonly steps: number;
  readonly interrupted: boolean;
  readonly loss: number | null;
  readonly firstValidationLoss: number | null;
  readonly validationLoss: number | null;
  readonly seconds: number;
}

/** Trains to the end or until asked to stop. @throws UserError when the loss is no number or a save fails. */
export async function runTraining(options: RunOptions): Promise<RunResult> {
  const { trainer, folder, begin, shouldStop } = options;
  const { train } = begin;
  const clock = new Clock(folder.readMetrics().at(-1)?.seconds ?? 0);
  const first = begin.firstValidationLoss ?? (await trainer.validate());
  let validation = begin.validationLoss ?? first;
  let loss: number | null = null;
  let done = begin.step;
  const save = async (): Promise<void> => {
    const facts = { ...begin, step: done, validationLoss: validation, firstValidationLoss: first };
    await saveCheckpoint(folder.checkpoint, options.session, facts);
    writeReport(folder, facts);
  };
  while (done < train.steps && !shouldStop()) {
    const result = await trainer.step(done);
    requireFinite(result.loss, done + 1);
    done += 1;
    loss = result.loss;
    const speed = clock.lap(train.batch * train.seq);
    const due = done % train.validation.every === 0 || done === train.steps;
    if (due) {
      validation = await trainer.validate();
      clock.skip();
    }
    const metrics: Metrics = {
      step: done,
      loss: result.loss,
      grad_norm: result.gradNorm,
      lr_scale: result.lrScale,
      tokens_per_second: Math.round(speed),
      seconds: clock.seconds(),
      ...(due ? { validation_loss: validation } : {}),
    };
    folder.append(metrics);
    const secondsLeft = ((train.steps - done) * train.batch * train.seq) / clock.mean();
    options.onProgress({ ...metrics, steps: train.steps, validation, secondsLeft });
    if (done % train.saveEvery === 0 && done < train.steps) {
      await save();
      clock.skip();
    }
  }
  await save();
  const interrupted = done < train.steps;
  return { steps: done, interrupted, loss, firstValidationLoss: first, validationLoss: validation, seconds: clock.seconds() }; // prettier-ignore
}

function requireFinite(loss: number, step: number): void {
  if (Number.isFinite(loss)) return;
  throw new UserError(
    `the loss is ${loss} at step ${step}: training diverged. Lower the learning rate, lengthen the warm-up, or clip gradients ` +
      `(clip norm = 1.0); the last saved checkpoint is untouched`,
  );
}

/** Wall-clock speed, validation and saving apart from the lap's figure. */
class Clock {
  readonly #before: number;
  readonly #start = performance.now();
  #last = performance.now();
  #tokens = 0;

  constructor(secondsBefore: number) {
    this.#before = secondsBefore;
  }

  /** Tokens per second since the last lap. */
  lap(tokens: number): number {
    const now = performance.now();
    const speed = (tokens * 1000) / (now - this.#last);
    this.#last = now;
    this.#tokens += tokens;
    return speed;
  }

  /** What passed since the last lap belongs to no lap. */
  skip(): void {
    this.#last = performance.now();
  }

  /** Tokens per second since the start, all in. */
  mean(): number {
    return (this.#tokens * 1000) / (performance.now() - this.#start);
  }

  seconds(): number {
    return this.#before + (performance.now() - this.#start) / 1000;
  }
}
