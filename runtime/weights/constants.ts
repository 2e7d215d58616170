// Takes: a model and the weights of a checkpoint. Gives: nothing.
// Promises: what a checkpoint holds and training does not move is what the .model says of it, or a sentence says where not.
import type { Model } from '../../compiler/2-check/model.ts';
import { UserError } from '../user-error.ts';
import { tensorsOf } from './tensors-of.ts';
import type { StoredWeight, WeightSource } from './weight-source.ts';

/** @throws UserError */
export async function checkConstants(model: Model, source: WeightSource): Promise<void> {
  for (const { name, role, init } of tensorsOf(model)) {
    const weight = source.weights.get(name);
    // Biases that select experts are data, not part of the text.
    if (role !== 'state' || weight === undefined || init.kind !== 'constant' || name.endsWith('select_bias')) continue;
    const wanted = init.value;
    const allowed = precision(weight) * Math.abs(wanted);
    const wrong = (await source.read(name)).find((value) => !(Math.abs(value - wanted) <= allowed));
    if (wrong !== undefined) throw new UserError(`${source.path}: ${name} is ${wrong}, but the function that config.json describes has ${wanted}`); // prettier-ignore
  }
}

/** Constants went through bf16 in training, whatever they are stored as; small ones are few bits of an f16. */
function precision({ dtype }: StoredWeight): number {
  return dtype === 'F16' ? 2 ** -6 : 2 ** -7;
}
