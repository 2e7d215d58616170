// Takes: nothing. Gives: what contestants are asked to do, in words and in numbers.
// Promises: the same matrices, weights and batches for all of them.
import { join } from 'node:path';
import type { Model, TrainSpec } from '../../compiler/2-check/model.ts';
import { elements, type Parameter } from '../../compiler/2-check/parameters/parameter.ts';
import { parameters } from '../../compiler/2-check/parameters/parameters.ts';
import { type Batch, randomBatch } from '../../runtime/data/batches.ts';
import { type Corpus, readCorpus } from '../../runtime/data/corpus.ts';
import { chooseModel, chooseTrain, loadModelFile } from '../../runtime/model-file.ts';
import { initialValues } from '../../runtime/training/initialize.ts';

export const matmulSizes = { 'matmul 512': 512, 'matmul 1024': 1024 } as const;
export type MatmulName = keyof typeof matmulSizes;
export type WorkName = MatmulName | 'step' | 'decode';

/** One run of a work. */
export interface Run {
  readonly ms: number;
  /** matmul: the largest error against f64 of some elements; step: the loss before it; decode: tokens it took `ms` for. */
  readonly value: number;
}

export type Work = () => Promise<Run>;

export interface Contestant {
  readonly description: string;
  /** What it can do; calling makes it ready. */
  readonly works: { readonly [K in WorkName]?: () => Promise<Work> };
  close(): void;
}

export async function timed(run: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** Row-major [size, size] in [-1, 1), the same in every run. */
export function matrix(size: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed;
  return Float32Array.from({ length: size * size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32) * 2 - 1;
  });
}

/** The largest difference of `c` from a b, over elements of every eighth row. */
export function matmulError(a: Float32Array, b: Float32Array, c: ArrayLike<number>, size: number): number {
  let worst = 0;
  for (let row = 0; row < size; row += 8) {
    const column = (row * 7 + 3) % size;
    let sum = 0;
    for (let k = 0; k < size; k++) sum += (a[row * size + k] ?? 0) * (b[k * size + column] ?? 0);
    worst = Math.max(worst, Math.abs(sum - (c[row * size + column] ?? Number.NaN)));
  }
  return worst;
}

export interface StepWork {
  readonly model: Model;
  readonly train: TrainSpec;
  readonly corpus: Corpus;
  readonly parameters: readonly Parameter[];
}

export async function readStepWork(): Promise<StepWork> {
  const folder = import.meta.dirname;
  const loaded = loadModelFile(join(folder, 'step.model'), false);
  const model = chooseModel(loaded);
  const train = chooseTrain(loaded, model);
  const corpus = await readCorpus(train.data, folder, train.validation.fraction);
  return { model, train, corpus, parameters: parameters(model) };
}

/** The first values of a parameter, as `initializeParameters` writes them. */
export const firstValues = ({ train }: StepWork, parameter: Parameter): Float32Array<ArrayBuffer> =>
  initialValues(parameter.name, elements(parameter), parameter.init, train.seed);

/** The batch that `Trainer.step` takes. */
export const batchOf = ({ train, corpus }: StepWork, step: number): Batch =>
  randomBatch(corpus.train, train.batch, train.seq, train.seed, step);
