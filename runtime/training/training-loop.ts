// Takes: a trainer and where it stands. Gives: steps one at a time, each with its metrics, and validations when they are due.
// Promises: the time of a step is its own: validations, saves and pauses belong to none. A step is queued before the one
// before it has ended only where nothing else is due between the two.
import { UserError } from '../user-error.ts';
import type { TrainSettings } from './checkpoint.ts';
import type { Metrics } from './run-folder.ts';
import type { QueuedStep, TrainingSteps } from './trainer.ts';

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
  /** The step after those done, where the device has it already. */
  #ahead: Promise<QueuedStep> | null = null;

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

  /** Whether the device works on a step whose metrics nobody has seen: another `next` must come before anything else. */
  get isUnderWay(): boolean {
    return this.#ahead !== null;
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

  /**
   * Where `goesOn` says that another step follows, and no validation or save lies between, the device gets that one before
   * it has done this one, so that it never waits for what is told of a step.
   * @throws UserError when the loss is no number.
   */
  async next(goesOn: () => boolean = () => false): Promise<Metrics> {
    const { batch, seq, steps, validation, saveEvery } = this.#train;
    const number = this.#done + 1;
    const { result } = await (this.#ahead ?? this.#trainer.queue(this.#done));
    const isLast = number === steps || number % validation.every === 0 || number % saveEvery === 0;
    this.#ahead = !isLast && goesOn() ? this.#trainer.queue(number) : null;
    this.#ahead?.catch(() => {}); // told by the next `next`
    const { loss, gradNorm, lrScale, scale } = await result;
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
      ...(scale === null ? {} : { loss_scale: scale.value, skipped_steps: scale.skipped }),
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
