// Takes: a trainer and where it stands. Gives: steps one at a time, each with its metrics, and validations when they are due.
// Promises: the time of a step is its own: validations, saves and pauses belong to none.
import { UserError } from '../user-error.ts';
import type { TrainSettings } from './checkpoint.ts';
import type { Metrics } from './run-folder.ts';
import type { TrainingSteps } from './trainer.ts';

export interface LoopStart {
  /** Steps done. */
  readonly done: number;
  /** The latest validation loss; null before the first. */
  readonly validation: number | null;
  /** Of training before this loop. */
  readonly seconds: number;
}

export class TrainingLoop {
  readonly #trainer: TrainingSteps;
  readonly #train: TrainSettings;
  readonly #clock: Clock;
  #done: number;
  #validation: number | null;

  constructor(trainer: TrainingSteps, train: TrainSettings, { done, validation, seconds }: LoopStart) {
    this.#trainer = trainer;
    this.#train = train;
    this.#clock = new Clock(seconds);
    this.#done = done;
    this.#validation = validation;
  }

  /** Steps done. */
  get done(): number {
    return this.#done;
  }

  /** The latest; null before the first. */
  get validation(): number | null {
    return this.#validation;
  }

  get seconds(): number {
    return this.#clock.seconds();
  }

  /** At the speed so far. */
  get secondsLeft(): number {
    const { batch, seq, steps } = this.#train;
    return ((steps - this.#done) * batch * seq) / this.#clock.mean();
  }

  /** The loss on held-out data now; null where nothing is held out. */
  async validate(): Promise<number | null> {
    const loss = await this.#trainer.validate();
    this.#validation = loss;
    this.#clock.skip();
    return loss;
  }

  /** What passes since the last step belongs to none. */
  pause(): void {
    this.#clock.skip();
  }

  /** @throws UserError when the loss is no number. */
  async next(): Promise<Metrics> {
    const { batch, seq, steps, validation } = this.#train;
    const { loss, gradNorm, lrScale } = await this.#trainer.step(this.#done);
    requireFinite(loss, this.#done + 1);
    this.#done += 1;
    const speed = this.#clock.lap(batch * seq);
    const due = this.#done % validation.every === 0 || this.#done === steps;
    const held = due ? await this.validate() : null;
    return {
      step: this.#done,
      loss,
      grad_norm: gradNorm,
      lr_scale: lrScale,
      tokens_per_second: Math.round(speed),
      ...(held === null ? {} : { validation_loss: held }),
      seconds: this.#clock.seconds(),
    };
  }
}

function requireFinite(loss: number, step: number): void {
  if (Number.isFinite(loss)) return;
  throw new UserError(
    `the loss is ${loss} at step ${step}: training diverged. Lower the learning rate, lengthen the warm-up, or clip gradients ` +
      `(clip norm = 1.0); the last saved checkpoint is untouched`,
  );
}

/** Wall-clock speed, pauses apart from the lap's figure. */
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
