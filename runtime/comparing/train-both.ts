// Takes: a device, two models and how they are trained. Gives: both curves.
// Promises: step n of both sees the same batch; they take turns, so that a stop leaves two curves of equal length.
import type { Model } from '../../compiler/2-check/model.ts';
import { textBatches } from '../data/batch-source.ts';
import type { Corpus } from '../data/corpus.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import type { TrainSettings } from '../training/checkpoint.ts';
import { openTraining, type OpenTraining } from '../training/open-training.ts';
import { medianSpeed } from '../training/report.ts';
import type { Metrics } from '../training/run-folder.ts';
import { initializeParameters } from '../training/trainer.ts';
import { TrainingLoop } from '../training/training-loop.ts';
import { UserError } from '../user-error.ts';

export interface Contestant {
  readonly name: string;
  readonly model: Model;
  readonly train: TrainSettings;
}

export interface Curve {
  readonly name: string;
  /** Steps done. */
  readonly steps: number;
  /** Before each step, of its batch. */
  readonly loss: readonly number[];
  readonly validation: readonly { readonly step: number; readonly loss: number }[];
  /** Median over the steps. */
  readonly tokensPerSecond: number;
  /** Why it ended early, when its loss was no number; null otherwise. */
  readonly fault: string | null;
}

export interface BothCurves {
  readonly a: Curve;
  readonly b: Curve;
  /** Steps that were asked for. */
  readonly steps: number;
  readonly interrupted: boolean;
}

export interface BothProgress {
  readonly step: number;
  readonly steps: number;
  readonly a: Metrics | null;
  readonly b: Metrics | null;
  readonly secondsLeft: number;
}

export interface TrainBothOptions {
  readonly device: EngineDevice;
  readonly a: Contestant;
  readonly b: Contestant;
  readonly corpus: Corpus;
  readonly report: (line: string) => void;
  readonly onProgress: (progress: BothProgress) => void;
  /** True when both shall end after the step under way. */
  readonly shouldStop: () => boolean;
}

/** @throws PlanError, DeviceError, UserError */
export async function trainBoth(options: TrainBothOptions): Promise<BothCurves> {
  const { a, b, shouldStop, onProgress } = options;
  const { steps } = a.train;
  const runs: Run[] = [];
  try {
    for (const contestant of [a, b]) runs.push(await Run.open(contestant, options));
    const [first, second] = runs;
    if (first === undefined || second === undefined) throw new TypeError('internal: two runs expected');
    for (const run of runs) if (!shouldStop()) await run.begin();
    for (let step = 1; step <= steps && !shouldStop(); step += 1) {
      await first.step();
      await second.step();
      if (first.fault !== null && second.fault !== null) break;
      onProgress({
        step,
        steps,
        a: first.last,
        b: second.last,
        secondsLeft: Math.max(first.secondsLeft, second.secondsLeft),
      });
    }
    for (const run of runs) await run.finish();
    const curves = { a: first.curve(), b: second.curve() };
    const reached = Math.max(curves.a.steps, curves.b.steps);
    return { ...curves, steps, interrupted: reached < steps && shouldStop() };
  } finally {
    runs.forEach((run) => run.close());
  }
}

/** One of the two. */
class Run {
  readonly #name: string;
  readonly #open: OpenTraining;
  readonly #loop: TrainingLoop;
  readonly #metrics: Metrics[] = [];
  readonly #validation: { step: number; loss: number }[] = [];
  #fault: string | null = null;

  private constructor(name: string, open: OpenTraining) {
    this.#name = name;
    this.#open = open;
    this.#loop = new TrainingLoop(open.trainer, open.train, { done: 0, validation: null, seconds: 0 });
  }

  static async open({ name, model, train }: Contestant, { device, corpus, report }: TrainBothOptions): Promise<Run> {
    const open = await openTraining(device, model, train, textBatches(corpus, train), (line) =>
      report(`${name}: ${line}`),
    );
    initializeParameters(open.session, model, train.seed);
    return new Run(name, open);
  }

  async begin(): Promise<void> {
    await this.#validate();
  }

  /** Nothing once it has diverged. */
  async step(): Promise<void> {
    if (this.#fault !== null) return;
    this.#loop.pause();
    try {
      const metrics = await this.#loop.next();
      this.#metrics.push(metrics);
      const { step, validation_loss: loss } = metrics;
      if (loss !== undefined) this.#validation.push({ step, loss });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#fault = `the loss is no number at step ${this.#loop.done + 1}: training diverged`;
    }
  }

  /** Where it was stopped, too, its held-out loss is known. */
  async finish(): Promise<void> {
    const { done } = this.#loop;
    if (this.#fault !== null || this.#validation.at(-1)?.step === done) return;
    await this.#validate();
  }

  async #validate(): Promise<void> {
    const loss = await this.#loop.validate();
    if (loss !== null) this.#validation.push({ step: this.#loop.done, loss });
  }

  get fault(): string | null {
    return this.#fault;
  }

  get last(): Metrics | null {
    return this.#metrics.at(-1) ?? null;
  }

  get secondsLeft(): number {
    return this.#fault === null ? this.#loop.secondsLeft : 0;
  }

  curve(): Curve {
    return {
      name: this.#name,
      steps: this.#metrics.length,
      loss: this.#metrics.map(({ loss }) => loss),
      validation: this.#validation,
      tokensPerSecond: medianSpeed(this.#metrics),
      fault: this.#fault,
    };
  }

  close(): void {
    this.#open.session.destroy();
  }
}
