// Takes: what the command line asks of a run. Gives: all of it that is known before a device is opened.
// Promises: nothing is written; what contradicts itself is one sentence.
import { basename, dirname, resolve } from 'node:path';
import type { Model } from '../../../compiler/2-check/model.ts';
import { TokenFile } from '../../data/token-file.ts';
import { checkSourceFile, chooseModel, loadModelFile, type LoadedFile, requireSound } from '../../model-file.ts';
import { colorOn, notice } from '../../terminal.ts';
import { UserError } from '../../user-error.ts';
import { openHub } from '../../weights/hub-folder.ts';
import { hubWeights } from '../../weights/hub-weights.ts';
import { openModel, type OpenModel } from '../../weights/open-model.ts';
import { type Checkpoint, type CheckpointFacts, loadCheckpoint, modelOf } from '../checkpoint.ts';
import { checkpointPath, freshFolder, RunFolder } from '../run-folder.ts';
import { requireFlags, type SettingsRequest, settingsOf, type TokenSizes } from './settings.ts';

export interface RunRequest extends SettingsRequest {
  readonly model?: string;
  /** A folder to take the first weights from. */
  readonly from?: string;
  readonly tokens?: string;
  readonly held?: string;
  readonly out?: string;
  readonly resume?: string;
}

/** Where the first weights come from. */
export type Start =
  | { readonly kind: 'random' }
  | { readonly kind: 'weights'; readonly open: OpenModel }
  | { readonly kind: 'resumed'; readonly checkpoint: Checkpoint };

export interface Prepared {
  readonly begin: CheckpointFacts;
  readonly model: Model;
  readonly folder: RunFolder;
  readonly start: Start;
}

/** What it opens, its caller closes. @throws UserError, ConfigError, UnbuiltError */
export async function prepareRun(file: string | undefined, request: RunRequest): Promise<Prepared> {
  const { from, resume } = request;
  if (resume !== undefined) {
    if (file !== undefined || from !== undefined)
      throw new UserError('a resumed run knows its model and its weights; give --resume alone');
    return resumed(resume, request);
  }
  if (file === undefined && from === undefined)
    throw new UserError('give a .model file to train, --from with weights to start from, or --resume with a run');
  if (request.held !== undefined && request.tokens === undefined)
    throw new UserError('--held is a file of batches; give --tokens with those to learn from');
  if (from === undefined) return fresh(file ?? '', request);
  return fromWeights(from, file, request);
}

async function fresh(file: string, request: RunRequest): Promise<Prepared> {
  const loaded = loadModelFile(file, colorOn('stderr'));
  const model = chooseModel(loaded, request.model);
  const begin = await beginning(loaded, model, request);
  return { begin, model, folder: folderOf(basename(file, '.model'), model, request), start: { kind: 'random' } };
}

/** Without a file the folder's own model is trained, as its own train block says. */
async function fromWeights(from: string, file: string | undefined, request: RunRequest): Promise<Prepared> {
  const loaded = file === undefined ? null : loadModelFile(file, colorOn('stderr'));
  const asked = loaded === null ? undefined : chooseModel(loaded, request.model);
  const open = await openFor(from, asked);
  try {
    const source = withTrainBlock(loaded ?? open.file);
    const model = asked ?? chooseModel(source, request.model ?? open.model.name);
    const begin = await beginning(source, model, request);
    return {
      begin,
      model,
      folder: folderOf(basename(resolve(from)), model, request),
      start: { kind: 'weights', open },
    };
  } catch (error) {
    await open.weights.close();
    throw error;
  }
}

/** A folder of the hub is read through the map of the model that is trained, where it has one. */
async function openFor(from: string, asked: Model | undefined): Promise<OpenModel> {
  const open = await openModel(from);
  const [map] = asked?.weights ?? [];
  if (open.kind !== 'hub' || asked === undefined || map === undefined) return open;
  await open.weights.close();
  const { store, imported } = await openHub(from);
  try {
    return { ...open, weights: await hubWeights(store, asked, map, imported.dropped) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function withTrainBlock(loaded: LoadedFile): LoadedFile {
  if (loaded.file.trains.length > 0) return loaded;
  const { path, text } = loaded.source;
  notice(`${path} has no train block; the defaults of the language are used (modelc reference train)`);
  return requireSound(checkSourceFile({ path, text: `${text.trimEnd()}\n\ntrain {\n}\n` }), colorOn('stderr'));
}

async function beginning(loaded: LoadedFile, model: Model, request: RunRequest): Promise<CheckpointFacts> {
  const { tokens, held } = request;
  const sizes = tokens === undefined ? null : await sizesOf(tokens);
  return {
    step: 0,
    modelName: model.name,
    source: loaded.source,
    canonical: model.canonical,
    train: settingsOf(loaded, model, request, sizes),
    dataFolder: request.data === undefined ? resolve(dirname(loaded.source.path)) : process.cwd(),
    dataFingerprint: '',
    tokens: tokens === undefined ? null : { train: resolve(tokens), held: held === undefined ? null : resolve(held) },
    validationLoss: null,
    firstValidationLoss: null,
  };
}

async function sizesOf(path: string): Promise<TokenSizes> {
  const file = await TokenFile.open(path);
  await file.close();
  return file;
}

function folderOf(name: string, model: Model, { out }: RunRequest): RunFolder {
  return new RunFolder(out ?? freshFolder(`${name}-${model.name}`));
}

async function resumed(resume: string, request: RunRequest): Promise<Prepared> {
  if (request.tokens !== undefined || request.held !== undefined)
    throw new UserError('a resumed run knows its batches; leave --tokens and --held out');
  const checkpoint = await loadCheckpoint(checkpointPath(resume));
  const model = modelOf(checkpoint, colorOn('stderr'));
  const { path, ...facts } = checkpoint;
  if (facts.tokens) requireFlags(request, { path: facts.tokens.train, ...facts.train });
  const steps = request.steps ?? facts.train.steps;
  if (facts.step >= steps) {
    const more = facts.tokens ? '' : '; give --steps with a larger number to train on';
    throw new UserError(`${path} is complete (${facts.step} of ${steps} steps)${more}`);
  }
  const folder = new RunFolder(dirname(path));
  folder.truncateMetrics(facts.step);
  return {
    begin: { ...facts, train: { ...facts.train, steps } },
    model,
    folder,
    start: { kind: 'resumed', checkpoint },
  };
}
