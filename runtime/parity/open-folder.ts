// Takes: a folder with config.json and a checkpoint in one file, float32. Gives: its model and its weights by our names.
// Promises: tensors that the model lacks or that it does not have are named; one parameter in memory at a time.
import { join } from 'node:path';
import type { Model, WeightEntry, WeightMap } from '../../compiler/2-check/model.ts';
import { parameters } from '../../compiler/2-check/parameters/parameters.ts';
import { importConfig } from '../../compiler/exchange/import-config.ts';
import { readTensor } from '../data/safetensors.ts';
import type { SafetensorsFile } from '../data/safetensors-file.ts';
import { checkSourceFile, chooseModel, type LoadedFile, requireSound } from '../model-file.ts';
import { UserError } from '../user-error.ts';
import { parameterOf } from '../weights/read-steps.ts';
import type { WeightSource } from '../weights/weight-source.ts';
import { openStored, readJson } from './folder.ts';

export interface OpenFolder {
  readonly model: Model;
  /** The imported text. */
  readonly file: LoadedFile;
  readonly weights: WeightSource;
}

/** `name`: of the checkpoint. @throws UserError, ConfigError */
export async function openFolder(folder: string, name = 'model.safetensors'): Promise<OpenFolder> {
  const config = readJson(join(folder, 'config.json'));
  const stored = await openStored(join(folder, name));
  try {
    const names = [...stored.header.entries.keys()];
    const { text, dropped } = importConfig(config, { tensors: names });
    const file = requireSound(checkSourceFile({ path: join(folder, 'config.json'), text }), false);
    const model = chooseModel(file);
    const map = mapOf(model);
    const known = new Set(map.entries.flatMap(({ tensors }) => tensors));
    const foreign = names.filter((each) => !known.has(each) && !dropped.some((pattern) => pattern.test(each)));
    const missing = [...known].filter((each) => !stored.header.entries.has(each));
    if (missing.length + foreign.length > 0) throw new UserError(`${stored.path} does not fit config.json: ${differences(missing, foreign)}`); // prettier-ignore
    return { model, file, weights: weightsOf(stored, model, map) };
  } catch (error) {
    await stored.close();
    throw error;
  }
}

export function mapOf(model: Model): WeightMap {
  const [map] = model.weights;
  if (map === undefined) throw new TypeError(`internal: ${model.name} was imported without a map of weights`);
  return map;
}

function differences(missing: readonly string[], foreign: readonly string[]): string {
  const all = [...missing.map((name) => `${name} is missing`), ...foreign.map((name) => `${name} is not the model's`)];
  return `${all.slice(0, 5).join('; ')}${all.length > 5 ? `; and ${all.length - 5} more` : ''}`;
}

function weightsOf(stored: SafetensorsFile, model: Model, { entries }: WeightMap): WeightSource {
  const entryOf = new Map(entries.map((entry) => [entry.parameter, entry]));
  const read = async (name: string): Promise<Float32Array> => {
    const entry = entryOf.get(name);
    if (entry === undefined) throw new UserError(`${stored.path} has no weights for ${name}`);
    const tensors = [];
    for (const tensor of entry.tensors) tensors.push(await readFloats(stored, tensor, entry));
    return parameterOf(entry, tensors).data;
  };
  const shapes = parameters(model).flatMap(({ name, dims }) => (entryOf.has(name) ? [[name, dims.map(({ size }) => size)] as const] : [])); // prettier-ignore
  return {
    path: stored.path,
    weights: new Map(shapes.map(([name, shape]) => [name, { dtype: 'F32', shape }])),
    read,
    readBytes: async (name) => new Uint8Array((await read(name)).buffer),
    close: () => stored.close(),
  };
}

async function readFloats(stored: SafetensorsFile, name: string, { shape }: WeightEntry) {
  const tensor = await readTensor(stored, name);
  if (!(tensor.data instanceof Float32Array))
    throw new UserError(`${stored.path}: ${name} is ${tensor.dtype}, not F32`);
  if (tensor.shape.join() !== shape.join())
    throw new UserError(`${stored.path}: ${name} is [${tensor.shape.join(', ')}], config.json says [${shape.join(', ')}]`); // prettier-ignore
  return { shape, data: tensor.data };
}
