// Takes: loaded plans. Gives: numbers in their inputs and weights.
// Promises: the same every time, quick to make; of the size that numbers of a model have, since zeros and infinities are quicker.
import type { Model } from '../../compiler/2-check/model.ts';
import { parameters } from '../../compiler/2-check/parameters/parameters.ts';
import type { PlanTensor } from '../../compiler/7-plan/plan.ts';
import type { Batch } from '../data/batches.ts';
import type { BatchSource } from '../data/batch-source.ts';
import { nothingHeldOut } from '../data/batch-source.ts';
import { hashOf, uniform } from '../data/random.ts';
import type { Executable } from '../engine/executable.ts';
import type { Session } from '../engine/session.ts';

const period = 1 << 16;

/** In [-bound, bound), repeated after 64 K of them. */
export function randomNumbers(count: number, bound: number): Float32Array {
  const some = Float32Array.from({ length: Math.min(count, period) }, (_, i) => bound * (2 * uniform(17, i) - 1));
  const all = new Float32Array(count);
  for (let at = 0; at < count; at += period) all.set(some.subarray(0, Math.min(period, count - at)), at);
  return all;
}

const count = ({ shape }: Pick<PlanTensor, 'shape'>): number => shape.reduce((product, size) => product * size, 1);

/** Every input of f32 or f16. */
export function fillInputs(executable: Executable, bound = 1): void {
  for (const tensor of executable.tensors) {
    if (tensor.role === 'input') executable.write(tensor.name, randomNumbers(count(tensor), bound));
  }
}

/** Gains and biases as the model begins with them, matrices at random. */
export function fillParameters(session: Session, model: Model): void {
  const inits = new Map(parameters(model).map(({ name, init }) => [name, init]));
  for (const tensor of session.tensors()) {
    if (tensor.role !== 'parameter') continue;
    const init = inits.get(tensor.name);
    const values = init?.kind === 'constant' ? new Float32Array(count(tensor)).fill(init.value) : randomNumbers(count(tensor), 0.035); // prettier-ignore
    session.write(tensor.name, values);
  }
}

export function randomTokens(length: number, vocab: number, seed: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => Math.floor(uniform(hashOf(seed, 0xbe7c4), i) * vocab));
}

export interface RandomBatches {
  readonly batch: number;
  readonly seq: number;
}

export function randomBatches({ batch, seq }: RandomBatches, vocab: number): BatchSource {
  const made = (step: number): Batch => ({
    tokens: randomTokens(batch * seq, vocab, 2 * step),
    labels: randomTokens(batch * seq, vocab, 2 * step + 1),
  });
  return { batch: (step) => Promise.resolve(made(step)), heldOut: nothingHeldOut, close: () => Promise.resolve() };
}
