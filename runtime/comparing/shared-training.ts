// Takes: two models with their train blocks, and what the command line says. Gives: how each is trained, so that they compare.
// Promises: steps, batches, data and seed are the same for both; the optimizer of each is its own.
import { dirname, resolve } from 'node:path';
import type { Model, TrainSpec } from '../../compiler/2-check/model.ts';
import { isTowers } from '../../compiler/explain/diff/subject.ts';
import type { TrainSettings } from '../training/checkpoint.ts';
import { UserError } from '../user-error.ts';
import { type Pair, type Side, trainOf } from './side.ts';

export interface TrainingRequest {
  readonly steps: number;
  readonly data?: readonly string[];
  readonly batch?: number;
  readonly seq?: number;
  readonly seed?: number;
}

export interface SharedTraining {
  readonly a: TrainSettings;
  readonly b: TrainSettings;
  readonly models: { readonly a: Model; readonly b: Model };
  /** That the data globs start from. */
  readonly dataFolder: string;
  /** What else differs between the two, in words. */
  readonly differences: readonly string[];
}

/** @throws UserError when neither file has a train block, or a model is one of towers. */
export function sharedTraining({ a, b }: Pair, request: TrainingRequest): SharedTraining {
  const models = { a: trainable(a), b: trainable(b) };
  const first = trainOf(a) ?? trainOf(b);
  if (first === null) {
    throw new UserError(
      `neither ${a.place.path} nor ${b.place.path} has a train block; add one: train { data = text("*.txt"); tokenizer = bytes; steps = 300 }`,
    );
  }
  const second = trainOf(b) ?? first;
  const { batch = first.batch, seed = first.seed, steps, data = first.data } = request;
  const seq = request.seq ?? Math.min(first.seq, models.a.context, models.b.context);
  const every = Math.max(1, Math.min(first.validation.every, Math.ceil(steps / 8)));
  const settings = (train: TrainSpec): TrainSettings => {
    const { span: _, ...own } = train;
    if (batch % own.accumulate !== 0)
      throw new UserError(`batch ${batch} is not divisible by accumulate ${own.accumulate}`);
    const { tokenizer, saveEvery } = first;
    return { ...own, tokenizer, saveEvery, data, batch, seq, seed, steps, validation: { ...first.validation, every } };
  };
  const shared = { a: settings(first), b: settings(second) };
  const owner = trainOf(a) === null ? b : a;
  const dataFolder = request.data === undefined ? resolve(dirname(owner.place.path)) : process.cwd();
  return { ...shared, models, dataFolder, differences: differencesOf(shared.a, shared.b) };
}

function trainable({ model }: Side): Model {
  if (isTowers(model)) throw new UserError(`${model.name} is a model of towers, which cannot be trained yet`);
  return model;
}

/** `loss`, `optimizers`, ...: a comparison of models that are trained differently compares both at once. */
function differencesOf(a: TrainSettings, b: TrainSettings): string[] {
  const keys = ['loss', 'optimizers', 'schedule', 'clipNorm', 'dropout', 'accumulate'] as const;
  return keys.filter((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]));
}
