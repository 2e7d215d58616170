// Takes: weights after one SGD step of learning rate 1, and the checkpoints before and after it as they should be.
// Gives: the largest error of a gradient. Promises: every parameter of the map is compared.
import { readTensor } from '../../data/safetensors.ts';
import type { HubFolder } from '../../weights/hub-folder.ts';
import { distance, largest } from '../numbers.ts';
import type { Check } from '../result.ts';

/** The checkpoints before and after the step, as they should be. */
export interface StepFolders {
  readonly before: HubFolder;
  readonly after: HubFolder;
}

/** Where the weights after the step are: a session. */
interface Weights {
  has(name: string): boolean;
  read(name: string): Promise<ArrayLike<number>>;
}

/** A weight near 1 has steps of 1.2e-7: a gradient that is 0 but for rounding is compared with that of the weight. */
const rounding = 1e-6;

/** Each relative to the largest |gradient| of the stored tensor it is part of. @throws UserError */
export async function gradientError(weights: Weights, folders: StepFolders, tolerance: number): Promise<Check> {
  let worst: Check = { error: 0, tolerance };
  const scales = new Map<string, number>();
  for (const { parameter, tensors } of folders.before.map.entries) {
    if (!weights.has(parameter)) continue; // a state that training keeps beside parameters
    const [values, wanted] = [await weights.read(parameter), await folders.after.weights.read(parameter)];
    const part = values.length / tensors.length; // stacked experts are tensors of their own
    for (const [i, tensor] of tensors.entries()) {
      const scale = scales.get(tensor) ?? (await scaleOf(folders, tensor, tolerance));
      scales.set(tensor, scale);
      const error = distance(values, wanted, i * part, (i + 1) * part) / scale;
      if (!(error <= worst.error)) worst = { error, tolerance, at: parameter };
    }
  }
  return worst;
}

/** What an error is divided by: the largest |gradient|, but never so little that rounding alone exceeds the tolerance. */
async function scaleOf({ before, after }: StepFolders, tensor: string, tolerance: number): Promise<number> {
  const read = ({ store }: HubFolder) => readTensor(store.fileOf(tensor), tensor);
  const [old, next] = [await read(before), await read(after)];
  return Math.max(distance(old.data, next.data), (rounding * Math.max(1, largest(old.data))) / tolerance);
}
