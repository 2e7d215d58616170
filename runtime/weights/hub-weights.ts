// Takes: the tensors of a checkpoint and the map of a model. Gives: the model's weights by our names.
// Promises: before a number is read, every tensor of the map is there with its shape and a type that can be read, and none is left over.
import type { Model, WeightEntry, WeightMap } from '../../compiler/2-check/model.ts';
import { UserError } from '../user-error.ts';
import { isWeightDtype, weightDtypes, widen } from './dtype.ts';
import { readEntry, type RawTensor } from './steps.ts';
import { tensorsOf } from './tensors-of.ts';
import type { TensorStore } from './tensor-store.ts';
import type { StoredWeight, WeightDtype, WeightSource } from './weight-source.ts';

/** `dropped`: tensors that hold no weights. @throws UserError naming the first tensor that does not fit */
export async function hubWeights(
  store: TensorStore,
  model: Model,
  map: WeightMap,
  dropped: readonly RegExp[],
): Promise<WeightSource> {
  const dtypes = new Map(map.entries.map((entry) => [entry.parameter, dtypeOf(store, entry)]));
  await checkForeign(store, model, map, dropped);
  const entries = new Map(map.entries.map((entry) => [entry.parameter, entry]));
  const weights = new Map<string, StoredWeight>();
  for (const { name, role, shape } of tensorsOf(model)) {
    const dtype = dtypes.get(name);
    if (dtype !== undefined) weights.set(name, { role, dtype, shape });
  }
  const find = (name: string): WeightEntry => {
    const entry = entries.get(name);
    if (entry === undefined) throw new UserError(`${store.path} has no weights for ${name}`);
    return entry;
  };
  const raw = (name: string): Promise<RawTensor> => readRaw(store, find(name), dtypes.get(name) ?? 'F32');
  return {
    path: store.path,
    weights,
    async read(name) {
      const { dtype, bytes } = await raw(name);
      return widen(dtype, bytes);
    },
    readBytes: async (name) => (await raw(name)).bytes,
    async *pieces(name) {
      const { steps, tensors } = find(name);
      const [tensor = ''] = tensors;
      if (steps.length === 0) yield* store.fileOf(tensor).pieces(tensor);
      else yield (await raw(name)).bytes;
    },
    close: () => store.close(),
  };
}

async function readRaw(store: TensorStore, entry: WeightEntry, dtype: WeightDtype): Promise<RawTensor> {
  const { tensors, steps, shape } = entry;
  const [step] = steps;
  const [tensor = ''] = tensors;
  // Only the rows that are asked for.
  if (step?.kind === 'split') {
    const [rows = 1] = shape;
    const { begin, end } = store.fileOf(tensor).entry(tensor);
    const row = (end - begin) / rows;
    const bytes = await store.fileOf(tensor).bytes(tensor, step.from * row, step.rows * row);
    return readEntry({ steps: steps.slice(1) }, [{ dtype, shape: [step.rows, ...shape.slice(1)], bytes }]);
  }
  const raw: RawTensor[] = [];
  for (const each of tensors) raw.push({ dtype, shape, bytes: await store.fileOf(each).bytes(each) });
  return readEntry(entry, raw);
}

/** The type of all tensors of an entry, once they are what the map says. */
function dtypeOf(store: TensorStore, { tensors, shape }: WeightEntry): WeightDtype {
  let common: WeightDtype | null = null;
  for (const name of tensors) {
    const entry = store.entries.get(name);
    if (entry === undefined) throw new UserError(`${store.path} lacks ${name} [${shape.join(', ')}], which config.json asks for`); // prettier-ignore
    const { path } = store.fileOf(name);
    if (!isWeightDtype(entry.dtype)) throw new UserError(`${path}: ${name} is ${entry.dtype}; weights are read as ${weightDtypes.join(', ')}, so a quantized checkpoint must be converted first`); // prettier-ignore
    if (entry.shape.join() !== shape.join()) throw new UserError(`${path}: ${name} is [${entry.shape.join(', ')}], but config.json asks for [${shape.join(', ')}]`); // prettier-ignore
    if (common !== null && common !== entry.dtype) throw new UserError(`${path}: ${name} is ${entry.dtype}, but its neighbours are ${common}`); // prettier-ignore
    common = entry.dtype;
  }
  return common ?? 'F32';
}

async function checkForeign(
  store: TensorStore,
  model: Model,
  map: WeightMap,
  dropped: readonly RegExp[],
): Promise<void> {
  const used = new Set(map.entries.flatMap(({ tensors }) => tensors));
  const embedding = map.entries.find(({ parameter }) => parameter === 'embed.weight')?.tensors[0];
  for (const name of store.entries.keys()) {
    if (used.has(name) || dropped.some((pattern) => pattern.test(name))) continue;
    const { path } = store.fileOf(name);
    // A tied head is often stored beside the embedding.
    if (!model.embed.tied || embedding === undefined || !sameForm(store, name, embedding)) {
      throw new UserError(`${path}: ${name} is no tensor of the model that config.json describes`);
    }
    if (await equal(store, name, embedding)) continue;
    throw new UserError(`${path}: config.json ties the head to the embedding, but ${name} is not the same as ${embedding}`); // prettier-ignore
  }
}

function sameForm(store: TensorStore, name: string, other: string): boolean {
  const [a, b] = [store.entries.get(name), store.entries.get(other)];
  return a !== undefined && b !== undefined && a.dtype === b.dtype && a.shape.join() === b.shape.join();
}

async function equal(store: TensorStore, name: string, other: string): Promise<boolean> {
  const others = store.fileOf(other).pieces(other);
  for await (const piece of store.fileOf(name).pieces(name)) {
    const { value } = await others.next();
    if (!(value instanceof Uint8Array) || !Buffer.from(piece.buffer, piece.byteOffset, piece.length).equals(value)) return false; // prettier-ignore
  }
  return true;
}
