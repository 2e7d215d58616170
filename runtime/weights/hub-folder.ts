// Takes: a folder of the Hugging Face hub. Gives: the model its config.json describes, and its weights.
// Promises: nothing is written; what is missing, damaged or foreign is one sentence.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Model, WeightMap } from '../../compiler/2-check/model.ts';
import { ConfigError } from '../../compiler/exchange/config-error.ts';
import { importConfig, type ImportedConfig } from '../../compiler/exchange/import-config.ts';
import { checkSourceFile, chooseModel, requireSound, type LoadedFile } from '../model-file.ts';
import { readJson } from '../tokenizer/open-tokenizer.ts';
import { UserError } from '../user-error.ts';
import { checkConstants } from './constants.ts';
import { hubWeights } from './hub-weights.ts';
import { openStore, type TensorStore } from './tensor-store.ts';
import type { WeightSource } from './weight-source.ts';

export interface HubFolder {
  readonly config: Readonly<Record<string, unknown>>;
  readonly imported: ImportedConfig;
  readonly model: Model;
  readonly map: WeightMap;
  /** The imported text. */
  readonly file: LoadedFile;
  readonly store: TensorStore;
  readonly weights: WeightSource;
}

export interface HubOptions {
  /** Of the checkpoint, where it is not as transformers calls it. */
  readonly checkpoint?: string;
  /** Of the model in the text. */
  readonly name?: string;
}

/** @throws UserError, ConfigError */
export async function openHub(folder: string, options: HubOptions = {}): Promise<HubFolder> {
  const path = join(folder, 'config.json');
  if (!existsSync(folder)) throw new UserError(`there is no folder ${folder}`);
  const config = await readJson(path);
  if (config === null) throw new UserError(`${path} is missing`);
  const store = await openStore(folder, options.checkpoint);
  try {
    const imported = withPath(path, () => importConfig(config, { ...(options.name === undefined ? {} : { name: options.name }), tensors: store.entries.keys() })); // prettier-ignore
    const file = requireSound(checkSourceFile({ path, text: imported.text }), false);
    const model = chooseModel(file);
    const [map] = model.weights;
    if (map === undefined) throw new TypeError(`internal: ${model.name} was imported without a map of weights`);
    const weights = await hubWeights(store, model, map, imported.dropped);
    await checkConstants(model, weights);
    return { config, imported, model, map, file, store, weights };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function withPath<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`${path}: ${error.message}`);
    throw error;
  }
}
