// Takes: a checked model. Gives: what training keeps in memory: activations, weights, gradients, the optimizer's state.
// Promises: what saved.ts lists for each layer, and logits with their gradient; nothing for what a kernel needs in passing.
//   A training step of 4 layers of gqa holds 0.97 to 0.98 of this between its kernels.
import type { Model } from '../../../2-check/model.ts';
import type { ParameterCosts } from '../components.ts';
import { savedPerToken } from './saved.ts';
import { numberBytes, type NumberType } from '../types.ts';

export interface TrainingMemory {
  readonly type: NumberType;
  /** Bytes per token that the backward pass needs again. */
  readonly activationsPerToken: number;
  /** The same when each layer is run again from its input: the inputs, and all of the largest layer. */
  readonly recomputedPerToken: number;
  /** Of one sequence of `length`. */
  readonly activationsPerSequence: number;
  /** Weights, gradients and two moments (adamw), each f32. */
  readonly weights: number;
  readonly gradients: number;
  readonly moments: number;
}

export function trainingMemory(
  model: Model,
  { total, mtp }: ParameterCosts,
  length: number,
  type: NumberType = 'bf16',
): TrainingMemory {
  const { dModel, layers, head, vocab } = model;
  const saved = layers.map(({ equations }) => savedPerToken(equations, dModel));
  // The stack's input; the head's normed input; its transform before and behind activation and norm; logits and their
  // gradient. A module of multi-token prediction has its own.
  const transform = head.transform === null ? 0 : head.transform.norm === null ? 2 : 3;
  const end = ((head.norm === null ? 0 : 1) + transform) * dModel + (head.factor?.dim ?? 0) + 2 * vocab;
  const module = model.mtp === null ? 0 : savedPerToken(model.mtp.layer.equations, dModel) + end + (model.mtp.input.length + 1) * dModel; // prettier-ignore
  const ends = dModel + end + module * (model.mtp?.depth ?? 0);
  const all = ends + saved.reduce((sum, numbers) => sum + numbers, 0);
  const again = ends + layers.length * dModel + Math.max(0, ...saved);
  const width = numberBytes[type];
  const parameters = 4 * (total + mtp);
  return {
    type,
    activationsPerToken: all * width,
    recomputedPerToken: again * width,
    activationsPerSequence: all * width * length,
    weights: parameters,
    gradients: parameters,
    moments: 2 * parameters,
  };
}
