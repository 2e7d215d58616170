// Takes: a path: the folder of a run or its checkpoint, an imported folder, a folder of the Hugging Face hub.
// Gives: its model, its weights, its tokenizer: the same thing whatever it was.
// Promises: only headers are read; what does not fit is one sentence.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Model } from '../../compiler/2-check/model.ts';
import { checkSourceFile, chooseModel, loadModelFile, type LoadedFile } from '../model-file.ts';
import type { SafetensorsFile } from '../data/safetensors-file.ts';
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
  /** The folder of its configuration and tokenizer. */
  readonly home: string;
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
/** The same beside model.py. */
export const pytorchWeights = 'model.safetensors';

/** The caller closes `weights`. @throws UserError, ConfigError */
export async function openModel(path: string): Promise<OpenModel> {
  const opened = await openWeights(path, folderOf(path));
  try {
    const { home } = opened;
    const [tokenizer, config] = await Promise.all([openTokenizer(home), readJson(join(home, 'config.json'))]);
    return { path, tokenizer, config, ...opened };
  } catch (error) {
    await opened.weights.close();
    throw error;
  }
}

type Opened = Pick<OpenModel, 'kind' | 'home' | 'model' | 'file' | 'weights'>;

function openWeights(path: string, folder: string): Promise<Opened> {
  if (path !== folder) return openStored(path);
  const stored = [checkpointPath(folder), join(folder, importedWeights)].find((each) => existsSync(each));
  if (stored !== undefined) return openStored(stored);
  if (existsSync(join(folder, 'config.json'))) return openFromHub(folder);
  if (existsSync(folder) && isForPytorch(folder)) return openStored(join(folder, pytorchWeights));
  if (!existsSync(folder)) throw new UserError(`there is no run or folder ${path}`);
  throw new UserError(
    `${path} holds no model: neither checkpoint.safetensors of a run, nor ${importedWeights} of an import, nor config.json of the Hugging Face hub`,
  );
}

/** What `modelc export --to pytorch` wrote. */
function isForPytorch(folder: string): boolean {
  return existsSync(join(folder, pytorchWeights)) && readdirSync(folder).some((name) => name.endsWith('.model'));
}

/** Of a checkpoint, the folder it lies in. */
export function folderOf(path: string): string {
  return existsSync(path) && !statSync(path).isDirectory() ? dirname(path) : path;
}

/** One file with weights by our names. */
async function openStored(path: string): Promise<Opened> {
  const stored = await openFile(path);
  try {
    const { format } = stored.header.metadata;
    const { home, model, file } = format === importedFormat ? sourceBeside(stored) : sourceWithin(stored);
    return { kind: format === importedFormat ? 'imported' : 'run', home, model, file, weights: storedWeights(stored, model) }; // prettier-ignore
  } catch (error) {
    await stored.close();
    throw error;
  }
}

type Source = Pick<Opened, 'home' | 'model' | 'file'>;

function sourceWithin(stored: SafetensorsFile): Source {
  const checkpoint = factsOf(stored);
  const model = modelOf(checkpoint, colorOn('stderr'));
  return { home: dirname(stored.path), model, file: checkSourceFile(checkpoint.source) };
}

/** Of weights that train.py wrote, in the folder above. */
function sourceBeside({ path, header }: SafetensorsFile): Source {
  const folder = dirname(path);
  const { model: name = '' } = header.metadata;
  const homes = [folder, dirname(resolve(folder))];
  const home = homes.find((each) => existsSync(join(each, `${name}.model`))) ?? folder;
  const files = readdirSync(home).filter((each) => each.endsWith('.model'));
  const [source = '', more] = files.includes(`${name}.model`) ? [`${name}.model`] : files;
  if (files.length === 0) throw new UserError(`${folder} has weights but no .model file beside them; import it again`);
  if (more !== undefined) throw new UserError(`${folder} has several .model files (${files.join(', ')}) and none is ${name}.model`); // prettier-ignore
  const file = loadModelFile(join(home, source), colorOn('stderr'));
  return { home, file, model: file.file.models.find((each) => each.name === name) ?? chooseModel(file) };
}

async function openFromHub(folder: string): Promise<Opened> {
  const { model, file, weights } = await openHub(folder);
  return { kind: 'hub', home: folder, model, file, weights };
}
