// Takes: an open safetensors file that keeps weights by our names. Gives: them as a source.
// Promises: integers and optimizer state are left out; one tensor in memory at a time.
import type { Model } from '../../compiler/2-check/model.ts';
import type { SafetensorsFile } from '../data/safetensors-file.ts';
import { UserError } from '../user-error.ts';
import { isWeightDtype, widen } from './dtype.ts';
import { tensorsOf } from './tensors-of.ts';
import type { StoredWeight, WeightSource } from './weight-source.ts';

/** What else the file holds is none of the model's weights. */
export function storedWeights(file: SafetensorsFile, model: Model): WeightSource {
  const weights = new Map<string, StoredWeight>();
  for (const { name, role } of tensorsOf(model)) {
    const entry = file.header.entries.get(name);
    if (entry !== undefined && isWeightDtype(entry.dtype)) weights.set(name, { role, dtype: entry.dtype, shape: entry.shape }); // prettier-ignore
  }
  const find = (name: string): StoredWeight => {
    const weight = weights.get(name);
    if (weight === undefined) throw new UserError(`${file.path} has no weights named ${name}`);
    return weight;
  };
  return {
    path: file.path,
    weights,
    read: async (name) => widen(find(name).dtype, await file.bytes(name)),
    readBytes(name) {
      find(name);
      return file.bytes(name);
    },
    pieces(name) {
      find(name);
      return file.pieces(name);
    },
    close: () => file.close(),
  };
}
