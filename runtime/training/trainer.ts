// Takes: a session, the Plans of a training run and its batches. Gives: steps, one at a time, and validation losses.
// Promises: step n depends on the weights, the seed, its batch and n alone; steps may be queued before the last has ended.
import { elements } from '../../compiler/2-check/parameters/parameter.ts';
import { parameters } from '../../compiler/2-check/parameters/parameters.ts';
import type { Model } from '../../compiler/2-check/model.ts';
import type { TrainingPlans } from '../../compiler/compile.ts';
import type { Plan } from '../../compiler/7-plan/plan.ts';
import type { BatchSource, HeldOut } from '../data/batch-source.ts';
import { splitBatch } from '../data/batches.ts';
import { hashOf } from '../data/random.ts';
import type { Executable } from '../engine/executable.ts';
import type { Session } from '../engine/session.ts';
import { type Measure, runPlan, type RunPlan } from '../profile/measure.ts';
import type { TrainSettings } from './checkpoint.ts';
import { initialValues } from './initialize.ts';
import { learningRateScale } from './schedule.ts';

export interface StepResult {
  readonly loss: number;
  readonly gradNorm: number;
  readonly lrScale: number;
}

/** A step that the device has been asked for. */
export interface QueuedStep {
  /** Once it is done. */
  readonly result: Promise<StepResult>;
}

/** What a run needs of its trainer. */
export type TrainingSteps = Pick<Trainer, 'step' | 'queue' | 'validate'>;

/** A Plan on the device, and the names of what it takes. */
interface Stage {
  readonly executable: Executable;
  readonly inputs: ReadonlySet<string>;
}

interface Loaded {
  /** Run once per micro-batch. */
  readonly micro: Stage;
  /** Run once per step after the micro-batches; null when `micro` is the whole step. */
  readonly apply: Stage | null;
  readonly evaluate: Stage;
}

export class Trainer {
  readonly #loaded: Loaded;
  readonly #train: TrainSettings;
  readonly #source: BatchSource;
  readonly #held: HeldOut;

  private constructor(loaded: Loaded, train: TrainSettings, source: BatchSource) {
    this.#loaded = loaded;
    this.#train = train;
    this.#source = source;
    this.#held = source.heldOut(train.batch / train.accumulate);
  }

  /** Loads the Plans; `source` gives batches of the sizes of `train`, and stays the caller's to close. */
  static async open(
    session: Session,
    plans: TrainingPlans,
    train: TrainSettings,
    source: BatchSource,
  ): Promise<Trainer> {
    const micro = await load(session, plans.kind === 'whole' ? plans.step : plans.accumulate);
    const apply = plans.kind === 'whole' ? null : await load(session, plans.apply);
    return new Trainer({ micro, apply, evaluate: await load(session, plans.evaluate) }, train, source);
  }

  /** The same trainer, its steps measured, each as a `step`. */
  measured(measure: Measure): TrainingSteps {
    const step = (index: number): Promise<StepResult> => measure('step', (run) => this.step(index, run));
    return {
      step,
      queue: async (index) => ({ result: Promise.resolve(await step(index)) }), // its time is its own
      validate: () => this.validate(),
    };
  }

  /** 0-based `step`: forward, backward and optimizer over `batch` sequences. */
  async step(step: number, run: RunPlan = runPlan): Promise<StepResult> {
    return (await this.queue(step, run)).result;
  }

  /** The same step, queued behind those before it: what it has to say comes later. */
  async queue(step: number, run: RunPlan = runPlan): Promise<QueuedStep> {
    const { micro, apply } = this.#loaded;
    const { accumulate, seed, loss } = this.#train;
    const batches = splitBatch(await this.#source.batch(step), accumulate);
    const lossScale = 1 / batches.reduce((sum, { labels }) => sum + countLabels(labels, loss.ignore), 0);
    const lrScale = learningRateScale(this.#train.schedule, step, this.#train.steps);
    const losses: Promise<readonly number[]>[] = [];
    for (const [i, { tokens, labels }] of batches.entries()) {
      micro.executable.write('tokens', tokens);
      micro.executable.write('labels', labels);
      writeScalars(micro, { loss_scale: lossScale, lr_scale: lrScale, step: step + 1, seed: hashOf(seed, step, i) });
      await run(micro.executable);
      losses.push(readScalars(micro, apply === null ? ['loss', 'grad_norm'] : ['loss']));
    }
    let norm: Promise<readonly number[]> | undefined;
    if (apply !== null) {
      writeScalars(apply, { lr_scale: lrScale, step: step + 1 });
      await run(apply.executable);
      norm = readScalars(apply, ['grad_norm']);
    }
    const result = resultOf(losses, norm, lrScale);
    result.catch(() => {}); // whoever waits for it is told
    return { result };
  }

  /** Mean loss over the held-out batches; null without any. */
  async validate(): Promise<number | null> {
    const { evaluate } = this.#loaded;
    const { count } = this.#held;
    let total = 0;
    for (let i = 0; i < count; i++) {
      const { tokens, labels } = await this.#held.batch(i);
      evaluate.executable.write('tokens', tokens);
      evaluate.executable.write('labels', labels);
      writeScalars(evaluate, { loss_scale: 1 / countLabels(labels, this.#train.loss.ignore) });
      evaluate.executable.run();
      total += await readScalar(evaluate, 'loss');
    }
    return count === 0 ? null : total / count;
  }
}

/** Writes every parameter's first values. */
export function initializeParameters(session: Session, model: Model, seed: number): void {
  for (const parameter of parameters(model)) {
    const { name, init } = parameter;
    session.write(name, initialValues(name, elements(parameter), init, seed));
  }
}

function countLabels(labels: Int32Array, ignore: number | null): number {
  return Math.max(1, ignore === null ? labels.length : labels.filter((label) => label !== ignore).length);
}

async function load(session: Session, plan: Plan): Promise<Stage> {
  const inputs = plan.tensors.filter(({ role }) => role === 'input').map(({ name }) => name);
  return { executable: await session.load(plan), inputs: new Set(inputs) };
}

/** Writes the scalars that the Plan has: a Plan without dropout has no seed. */
function writeScalars({ executable, inputs }: Stage, values: Record<string, number>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!inputs.has(name)) continue;
    executable.write(name, name === 'seed' ? Uint32Array.of(value) : Float32Array.of(value));
  }
}

/** The sum of the micro-batches' losses, in their order. `norm`: absent where the only micro-batch tells it. */
async function resultOf(
  losses: readonly Promise<readonly number[]>[],
  norm: Promise<readonly number[]> | undefined,
  lrScale: number,
): Promise<StepResult> {
  const [told, applied] = await Promise.all([Promise.all(losses), norm]);
  const loss = told.reduce((sum, [each = Number.NaN]) => sum + each, 0);
  return { loss, gradNorm: applied?.[0] ?? told[0]?.[1] ?? Number.NaN, lrScale };
}

/** By one way to the device. */
async function readScalars({ executable }: Stage, names: readonly string[]): Promise<readonly number[]> {
  return (await executable.readTogether(names)).map((values) => values[0] ?? Number.NaN);
}

async function readScalar({ executable }: Stage, name: string): Promise<number> {
  return (await executable.read(name))[0] ?? Number.NaN;
}
