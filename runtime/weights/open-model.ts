// Takes: a path: the folder of a run or its checkpoint, an imported folder, a folder of the Hugging Face hub.
// Gives: its model, its weights, its tokenizer: the same thing whatever it was.
// Promises: only headers are read; what does not fit is one sentence.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Model } from '../../compiler/2-check/model.ts';
import { identifier } from '../../compiler/exchange/import-config.ts';
import { checkSourceFile, chooseModel, loadModelFile, type LoadedFile } from '../model-file.ts';
import { colorOn } from '../terminal.ts';
import { openTokenizer, readJson } from '../tokenizer/open-tokenizer.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { factsOf, modelOf, openFile } from '../training/checkpoint.ts';
import { checkpointPath } from '../training/run-folder.ts';
import { UserError } from '../user-error.ts';
import { openHub } from './hub-folder.ts';
import { storedWeights } from './stored-weights.ts';
import type { WeightSource } from './weight-source.ts';

export interface OpenModel {
  readonly path: string;
  /** `run`: modelc trained it; `imported`: `modelc import` made it; `hub`: config.json and safetensors as they came. */
  readonly kind: 'run' | 'imported' | 'hub';
  readonly model: Model;
  /** The .model text with all its blocks, checked. */
  readonly file: LoadedFile;
  readonly weights: WeightSource;
  readonly tokenizer: Tokenizer;
  /** config.json, where there was one. */
  readonly config: Readonly<Record<string, unknown>> | null;
}

/** The file of an imported folder that keeps its weights by our names. */
export const importedWeights = 'weights.safetensors';
export const importedFormat = 'modelc-weights-1';

/** The caller closes `weights`. @throws UserError, ConfigError */
export async function openModel(path: string): Promise<OpenModel> {
  const folder = folderOf(path);
  const opened = await openWeights(path, folder);
  try {
    const [tokenizer, config] = await Promise.all([openTokenizer(folder), readJson(join(folder, 'config.json'))]);
    return { path, tokenizer, config, ...opened };
  } catch (error) {
    await opened.weights.close();
    throw error;
  }
}

type Opened = Pick<OpenModel, 'kind' | 'model' | 'file' | 'weights'>;

function openWeights(path: string, folder: string): Promise<Opened> {
  if (path !== folder || existsSync(checkpointPath(folder))) return openRun(checkpointPath(path));
  if (existsSync(join(folder, importedWeights))) return openImported(folder);
  if (existsSync(join(folder, 'config.json'))) return openFromHub(folder);
  if (!existsSync(folder)) throw new UserError(`there is no run or folder ${path}`);
  throw new UserError(
    `${path} holds no model: neither checkpoint.safetensors of a run, nor ${importedWeights} of an import, nor config.json of the Hugging Face hub`,
  );
}

/** Of a checkpoint, the folder it lies in. */
export function folderOf(path: string): string {
  return existsSync(path) && !statSync(path).isDirectory() ? dirname(path) : path;
}

async function openRun(path: string): Promise<Opened> {
  const stored = await openFile(path);
  try {
    const checkpoint = factsOf(stored);
    const model = modelOf(checkpoint, colorOn('stderr'));
    return { kind: 'run', model, file: checkSourceFile(checkpoint.source), weights: storedWeights(stored, model) }; // prettier-ignore
  } catch (error) {
    await stored.close();
    throw error;
  }
}

async function openImported(folder: string): Promise<Opened> {
  const stored = await openFile(join(folder, importedWeights));
  try {
    const { format, model: name } = stored.header.metadata;
    if (format !== importedFormat) throw new UserError(`${stored.path} is not what modelc import writes (its format is ${format ?? 'not said'})`); // prettier-ignore
    const files = readdirSync(folder).filter((each) => each.endsWith('.model'));
    const [source = '', more] = files.includes(`${name}.model`) ? [`${name}.model`] : files;
    if (files.length === 0)
      throw new UserError(`${folder} has weights but no .model file beside them; import it again`);
    if (more !== undefined) throw new UserError(`${folder} has several .model files (${files.join(', ')}) and none is ${name}.model`); // prettier-ignore
    const file = loadModelFile(join(folder, source), colorOn('stderr'));
    const model = file.file.models.find((each) => each.name === name) ?? chooseModel(file);
    return { kind: 'imported', model, file, weights: storedWeights(stored, model) };
  } catch (error) {
    await stored.close();
    throw error;
  }
}

async function openFromHub(folder: string): Promise<Opened> {
  const { model, file, weights } = await openHub(folder);
  return { kind: 'hub', model, file, weights };
}

/** What a folder is called, as the name of a model. */
export function nameOf(folder: string): string {
  return identifier(basename(folder));
}
