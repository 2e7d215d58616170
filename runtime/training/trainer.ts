// Takes: a session, the Plans of a training run and its batches. Gives: steps, one at a time, and validation losses.
// Promises: step n depends on the weights, the seed, its batch and n alone; steps may be queued before the last has ended.
import { elements } from '../../compiler/2-check/parameters/parameter.ts';
import { parameters } from '../../compiler/2-check/parameters/parameters.ts';
import type { Model } from '../../compiler/2-check/model.ts';
import type { TrainingPlans } from '../../compiler/compile.ts';
import type { Plan, TensorRole } from '../../compiler/7-plan/plan.ts';
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
  /** Infinite or NaN where gradients overflowed. */
  readonly gradNorm: number;
  readonly lrScale: number;
  /** Of mixed precision. */
  readonly scale: LossScale | null;
}

export interface LossScale {
  /** What the next step multiplies the loss by. */
  readonly value: number;
  /** Steps left out so far because gradients overflowed. */
  readonly skipped: number;
}

/** A step that the device has been asked for. */
export interface QueuedStep {
  /** Once it is done. */
  readonly result: Promise<StepResult>;
}

/** What a run needs of its trainer. */
export type TrainingSteps = Pick<Trainer, 'step' | 'queue' | 'validate'>;

/** A Plan on the device, and the names of what it takes and tells. */
interface Stage {
  readonly executable: Executable;
  readonly inputs: ReadonlySet<string>;
  /** All of them numbers. */
  readonly outputs: readonly string[];
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
    const told: Promise<Told>[] = [];
    for (const [i, { tokens, labels }] of batches.entries()) {
      micro.executable.write('tokens', tokens);
      micro.executable.write('labels', labels);
      writeScalars(micro, { loss_scale: lossScale, lr_scale: lrScale, step: step + 1, seed: hashOf(seed, step, i) });
      await run(micro.executable);
      told.push(readScalars(micro));
    }
    if (apply !== null) {
      writeScalars(apply, { lr_scale: lrScale, step: step + 1 });
      await run(apply.executable);
      told.push(readScalars(apply));
    }
    const result = resultOf(told, lrScale);
    result.catch(() => {}); // whoever waits for it is told
    return { result };
  }

  /** Mean loss over the held-out batches; null without any. */
  async validate(): Promise<number | null> {
    const { evaluate } = this.#loaded;
    const { count } = this.#held;
    let total = 0;
    let before: Promise<number> | null = null;
    for (let i = 0; i < count; i++) {
      const { tokens, labels } = await this.#held.batch(i);
      evaluate.executable.write('tokens', tokens);
      evaluate.executable.write('labels', labels);
      writeScalars(evaluate, { loss_scale: 1 / countLabels(labels, this.#train.loss.ignore) });
      evaluate.executable.run();
      const loss = readScalar(evaluate, 'loss');
      loss.catch(() => {}); // told when it is waited for
      total += (await before) ?? 0; // this one is under way by then
      before = loss;
    }
    total += (await before) ?? 0;
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
  const named = (wanted: TensorRole): string[] =>
    plan.tensors.flatMap(({ role, name }) => (role === wanted ? [name] : []));
  return { executable: await session.load(plan), inputs: new Set(named('input')), outputs: named('output') };
}

/** Writes the scalars that the Plan has: a Plan without dropout has no seed. */
function writeScalars({ executable, inputs }: Stage, values: Record<string, number>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!inputs.has(name)) continue;
    executable.write(name, name === 'seed' ? Uint32Array.of(value) : Float32Array.of(value));
  }
}

type Told = ReadonlyMap<string, number>;

/** The sum of the micro-batches' losses, in their order; the rest as the last says. */
async function resultOf(told: readonly Promise<Told>[], lrScale: number): Promise<StepResult> {
  const each = await Promise.all(told);
  const loss = each.reduce((sum, one) => sum + (one.get('loss') ?? 0), 0);
  const last = each.at(-1);
  const [value, skipped] = [last?.get('scale'), last?.get('skipped')];
  const scale = value === undefined || skipped === undefined ? null : { value, skipped };
  return { loss, gradNorm: last?.get('grad_norm') ?? Number.NaN, lrScale, scale };
}

/** By one way to the device. */
async function readScalars({ executable, outputs }: Stage): Promise<Told> {
  const values = await executable.readTogether(outputs);
  return new Map(outputs.map((name, i) => [name, values[i]?.[0] ?? Number.NaN]));
}

async function readScalar({ executable }: Stage, name: string): Promise<number> {
  return (await executable.read(name))[0] ?? Number.NaN;
}
