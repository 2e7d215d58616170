// Takes: a .model file, or a run to resume. Gives: a run folder with checkpoint, metrics and report.
// Promises: the same file, data and seed give the same bits; Ctrl-C saves, and --resume goes on bit for bit.
import { Command, InvalidArgumentError } from 'commander';
import { basename, dirname, resolve } from 'node:path';
import type { Model } from '../../compiler/2-check/model.ts';
import { TokenFile } from '../data/token-file.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import { chooseModel, loadModelFile } from '../model-file.ts';
import { colorOn, notice, printJson, progressLine, progressText, stopOnSignal } from '../terminal.ts';
import { type Checkpoint, type CheckpointFacts, loadCheckpoint, modelOf, restore } from '../training/checkpoint.ts'; // prettier-ignore
import { checkpointPath, freshFolder, RunFolder } from '../training/run-folder.ts';
import { openTraining } from '../training/open-training.ts';
import { type RunResult, runTraining } from '../training/run.ts';
import { openRunData, type RunData } from '../training/start/run-data.ts';
import { requireFlags, type SettingsRequest, settingsOf, type TokenSizes } from '../training/start/settings.ts';
import { initializeParameters } from '../training/trainer.ts';
import { UserError } from '../user-error.ts';
import { withDevice, withDeviceOptions } from '../device/with-device.ts';
import type { DeviceOptions } from '../engine/open-device.ts';

export interface TrainOptions extends DeviceOptions, SettingsRequest {
  readonly model?: string;
  readonly tokens?: string;
  readonly held?: string;
  readonly out?: string;
  readonly resume?: string;
  readonly json?: boolean;
}

export function trainCommand(): Command {
  const command = new Command('train')
    .description('compile a model and train it on text')
    .argument('[file]', '.model file; not with --resume')
    .option('--model <name>', 'which model or variant of the file (default: its first)')
    .option('--train <name>', 'which train block (default: the one of the model)')
    .option('--data <globs...>', 'text files instead of those of the train block')
    .option('--tokens <file>', 'exactly these batches: safetensors with tokens, int32 [steps, batch, context + 1]')
    .option('--held <file>', 'with --tokens: batches to validate on, in a file of the same form')
    .option('--out <folder>', 'where the run goes (default: runs/<model>-<n>)')
    .option('--resume <run>', 'go on with an interrupted run: its folder or its checkpoint')
    .option('--steps <n>', 'steps instead of those of the train block', positive)
    .option('--batch <n>', 'sequences per step', positive)
    .option('--seq <n>', 'tokens per sequence', positive)
    .option('--seed <n>', 'seed of weights, batches and dropout', Number)
    .option('--save-every <n>', 'steps between checkpoints', positive)
    .option('--json', 'the result as JSON');
  return withDeviceOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  modelc train specs/quickstart.model --data 'node_modules/@types/node/**/*.d.ts'
  modelc train specs/quickstart.model --model QuickstartMQA --steps 100 --out runs/mqa
  modelc train --resume runs/mqa
  modelc train my.model --device cpu --threads 4
  modelc train my.model --tokens batches.safetensors

Ctrl-C finishes the step and saves. A run folder holds checkpoint.safetensors, metrics.jsonl, report.html and source.model.`,
    )
    .action(async (file: string | undefined, options: TrainOptions) => {
      const { result, folder } = await train(file, options);
      if (options.json === true) printJson({ ...result, folder: folder.path, checkpoint: folder.checkpoint });
    });
}

export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('give a whole number from 1 on.');
  return value;
}

/** A run from its first step, or from where it stopped. @throws UserError, DeviceError */
export async function train(
  file: string | undefined,
  options: TrainOptions,
): Promise<{ result: RunResult; folder: RunFolder }> {
  if ((file === undefined) === (options.resume === undefined)) {
    throw new UserError('give a .model file to train, or --resume with a run');
  }
  const { begin, model, folder, checkpoint } = file === undefined ? await resumed(options) : await fresh(file, options);
  const data = await openRunData(begin, model.vocab);
  try {
    if (checkpoint !== null && checkpoint.dataFingerprint !== data.fingerprint) {
      notice('warning: the data is not what the run began with, so the result differs from an uninterrupted run');
    }
    const facts = { ...begin, dataFingerprint: data.fingerprint };
    const result = await withDevice(options, (device) => runOn(device, { facts, model, folder, data, checkpoint }));
    describeEnd(result, folder);
    return { result, folder };
  } finally {
    await data.source.close();
  }
}

interface Prepared {
  readonly begin: CheckpointFacts;
  readonly model: Model;
  readonly folder: RunFolder;
  readonly checkpoint: Checkpoint | null;
}

async function fresh(file: string, options: TrainOptions): Promise<Prepared> {
  const loaded = loadModelFile(file, colorOn('stderr'));
  const model = chooseModel(loaded, options.model);
  const { tokens, held } = options;
  if (held !== undefined && tokens === undefined)
    throw new UserError('--held is a file of batches; give --tokens with those to learn from');
  const settings = settingsOf(loaded, model, options, tokens === undefined ? null : await sizesOf(tokens));
  const folder = new RunFolder(options.out ?? freshFolder(`${basename(file, '.model')}-${model.name}`));
  const begin: CheckpointFacts = {
    step: 0,
    modelName: model.name,
    source: loaded.source,
    canonical: model.canonical,
    train: settings,
    dataFolder: options.data === undefined ? resolve(dirname(file)) : process.cwd(),
    dataFingerprint: '',
    tokens: tokens === undefined ? null : { train: resolve(tokens), held: held === undefined ? null : resolve(held) },
    validationLoss: null,
    firstValidationLoss: null,
  };
  return { begin, model, folder, checkpoint: null };
}

async function sizesOf(path: string): Promise<TokenSizes> {
  const file = await TokenFile.open(path);
  await file.close();
  return file;
}

async function resumed(options: TrainOptions): Promise<Prepared> {
  const { tokens, held, resume = '' } = options;
  if (tokens !== undefined || held !== undefined)
    throw new UserError('a resumed run knows its batches; leave --tokens and --held out');
  const checkpoint = await loadCheckpoint(checkpointPath(resume));
  const model = modelOf(checkpoint, colorOn('stderr'));
  const { path, tensors: _, ...facts } = checkpoint;
  if (facts.tokens) requireFlags(options, { path: facts.tokens.train, ...facts.train });
  const steps = options.steps ?? facts.train.steps;
  if (facts.step >= steps) {
    const more = facts.tokens ? '' : '; give --steps with a larger number to train on';
    throw new UserError(`${path} is complete (${facts.step} of ${steps} steps)${more}`);
  }
  const folder = new RunFolder(dirname(path));
  folder.truncateMetrics(facts.step);
  return { begin: { ...facts, train: { ...facts.train, steps } }, model, folder, checkpoint };
}

interface Run {
  readonly facts: CheckpointFacts;
  readonly model: Model;
  readonly folder: RunFolder;
  readonly data: RunData;
  readonly checkpoint: Checkpoint | null;
}

async function runOn(device: EngineDevice, { facts: asked, model, folder, data, checkpoint }: Run): Promise<RunResult> {
  const { session, trainer, train } = await openTraining(device, model, asked.train, data.source, notice);
  const { batch, seq, steps, accumulate } = train;
  const facts = { ...asked, train };
  notice(`${model.name}: ${steps} steps of ${batch} x ${seq} tokens${accumulate > 1 ? ` in ${accumulate} parts` : ''}, ${data.description}`); // prettier-ignore
  if (checkpoint === null) {
    folder.create(facts.source.text);
    initializeParameters(session, model, train.seed);
  } else restore(checkpoint, session, 'all');
  const signal = stopOnSignal('stopping after this step; once more to leave at once');
  const line = progressLine(steps, progressText);
  try {
    return await runTraining({
      trainer,
      session,
      folder,
      begin: facts,
      onProgress: line.update,
      shouldStop: signal.asked,
    });
  } finally {
    line.stop();
    signal.release();
    session.destroy();
  }
}

function describeEnd(result: RunResult, folder: RunFolder): void {
  const { firstValidationLoss: first, validationLoss: held, loss } = result;
  const end = held === null ? `loss ${loss?.toFixed(3) ?? '-'}` : `validation loss ${first?.toFixed(3) ?? '-'} -> ${held.toFixed(3)}`; // prettier-ignore
  notice(result.interrupted ? `stopped at step ${result.steps}; go on with: modelc train --resume ${folder.path}` : end); // prettier-ignore
  notice(`run: ${folder.path} (checkpoint.safetensors, metrics.jsonl, report.html)`);
}
