// Takes: a map of weights and how the parameters are stored. Gives: the tensors to write and the files they go to.
// Promises: in the order of the map, so that layers stay together; names and index as transformers has them.
import type { WeightEntry, WeightMap } from '../../../compiler/2-check/model.ts';
import { bytesOfTensor, type TensorForm } from '../../data/safetensors-writer.ts';
import type { WeightDtype, WeightSource } from '../weight-source.ts';

/** A tensor on disk and the parameters it is made of. */
export interface DiskTensor {
  readonly name: string;
  /** Which of its entries' tensors it is. */
  readonly index: number;
  readonly entries: readonly WeightEntry[];
  readonly form: TensorForm & { readonly dtype: WeightDtype };
}

export interface Shard {
  readonly file: string;
  readonly tensors: readonly DiskTensor[];
}

/** `dtype` null: as the parameters are stored, or f32 where those of one tensor differ. */
export function diskTensors(map: WeightMap, weights: WeightSource['weights'], dtype: WeightDtype | null): DiskTensor[] {
  const groups = new Map<string, { index: number; entries: WeightEntry[] }>();
  for (const entry of map.entries) {
    for (const [index, name] of entry.tensors.entries()) {
      const group = groups.get(name) ?? { index, entries: [] };
      group.entries.push(entry);
      groups.set(name, group);
    }
  }
  return [...groups].map(([name, { index, entries }]) => {
    const stored = entries.map(({ parameter }) => weights.get(parameter)?.dtype);
    const [first] = stored;
    const common = first !== undefined && stored.every((each) => each === first) ? first : 'F32';
    return { name, index, entries, form: { dtype: dtype ?? common, shape: entries[0]?.shape ?? [] } };
  });
}

/** None larger than `maxBytes`, unless a single tensor is. */
export function shardsOf(tensors: readonly DiskTensor[], maxBytes: number): Shard[] {
  const shards: DiskTensor[][] = [[]];
  let bytes = 0;
  for (const tensor of tensors) {
    const size = bytesOfTensor(tensor.form);
    if (bytes > 0 && bytes + size > maxBytes) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1)?.push(tensor);
    bytes += size;
  }
  return shards.map((each, i) => ({ file: fileName(i, shards.length), tensors: each }));
}

function fileName(index: number, count: number): string {
  const five = (value: number): string => String(value).padStart(5, '0');
  return count === 1 ? 'model.safetensors' : `model-${five(index + 1)}-of-${five(count)}.safetensors`;
}

/** The text of model.safetensors.index.json. */
export function indexText(shards: readonly Shard[]): string {
  const all = shards.flatMap(({ file, tensors }) => tensors.map(({ name, form }) => ({ name, file, bytes: bytesOfTensor(form) }))); // prettier-ignore
  const index = {
    metadata: { total_size: all.reduce((sum, { bytes }) => sum + bytes, 0) },
    weight_map: Object.fromEntries(all.map(({ name, file }) => [name, file])),
  };
  return `${JSON.stringify(index, null, 2)}\n`;
}
