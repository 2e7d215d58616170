// Takes: a .model file, or a run to resume. Gives: a run folder with checkpoint, metrics and report.
// Promises: the same file, data and seed give the same bits; Ctrl-C saves, and --resume goes on bit for bit.
import { Command, InvalidArgumentError } from 'commander';
import { basename, dirname, resolve } from 'node:path';
import type { Model } from '../../compiler/2-check/model.ts';
import { type Corpus, readCorpus } from '../data/corpus.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import { chooseModel, chooseTrain, loadModelFile } from '../model-file.ts';
import { colorOn, notice, printJson, progressLine, progressText, stopOnSignal } from '../terminal.ts';
import { type Checkpoint, type CheckpointFacts, loadCheckpoint, modelOf, restore, type TrainSettings } from '../training/checkpoint.ts'; // prettier-ignore
import { checkpointPath, freshFolder, RunFolder } from '../training/run-folder.ts';
import { openTraining } from '../training/open-training.ts';
import { type RunResult, runTraining } from '../training/run.ts';
import { initializeParameters } from '../training/trainer.ts';
import { UserError } from '../user-error.ts';
import { withDevice, withDeviceOptions } from '../device/with-device.ts';
import type { DeviceOptions } from '../engine/open-device.ts';

export interface TrainOptions extends DeviceOptions {
  readonly model?: string;
  readonly train?: string;
  readonly data?: readonly string[];
  readonly out?: string;
  readonly resume?: string;
  readonly steps?: number;
  readonly batch?: number;
  readonly seq?: number;
  readonly seed?: number;
  readonly saveEvery?: number;
  readonly json?: boolean;
}

export function trainCommand(): Command {
  const command = new Command('train')
    .description('compile a model and train it on text')
    .argument('[file]', '.model file; not with --resume')
    .option('--model <name>', 'which model or variant of the file (default: its first)')
    .option('--train <name>', 'which train block (default: the one of the model)')
    .option('--data <globs...>', 'text files instead of those of the train block')
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
  const { begin, model, folder, checkpoint } = file === undefined ? await resumed(options) : prepared(file, options);
  const corpus = await readCorpus(begin.train.data, begin.dataFolder, begin.train.validation.fraction);
  if (checkpoint !== null && checkpoint.dataFingerprint !== corpus.fingerprint) {
    notice('warning: the data is not what the run began with, so the result differs from an uninterrupted run');
  }
  const facts = { ...begin, dataFingerprint: corpus.fingerprint };
  const result = await withDevice(options, (device) => runOn(device, { facts, model, folder, corpus, checkpoint }));
  describeEnd(result, folder);
  return { result, folder };
}

interface Prepared {
  readonly begin: CheckpointFacts;
  readonly model: Model;
  readonly folder: RunFolder;
  readonly checkpoint: Checkpoint | null;
}

function prepared(file: string, options: TrainOptions): Prepared {
  const loaded = loadModelFile(file, colorOn('stderr'));
  const model = chooseModel(loaded, options.model);
  const settings = overridden(chooseTrain(loaded, model, options.train), options);
  const folder = new RunFolder(options.out ?? freshFolder(`${basename(file, '.model')}-${model.name}`));
  const begin: CheckpointFacts = {
    step: 0,
    modelName: model.name,
    source: loaded.source,
    canonical: model.canonical,
    train: settings,
    dataFolder: options.data === undefined ? resolve(dirname(file)) : process.cwd(),
    dataFingerprint: '',
    validationLoss: null,
    firstValidationLoss: null,
  };
  return { begin, model, folder, checkpoint: null };
}

function overridden(spec: TrainSettings & { readonly span?: unknown }, options: TrainOptions): TrainSettings {
  const { span: _, ...train } = spec;
  const settings: TrainSettings = {
    ...train,
    data: options.data ?? train.data,
    steps: options.steps ?? train.steps,
    batch: options.batch ?? train.batch,
    seq: options.seq ?? train.seq,
    seed: options.seed ?? train.seed,
    saveEvery: options.saveEvery ?? train.saveEvery,
  };
  if (settings.batch % settings.accumulate !== 0) {
    throw new UserError(`batch ${settings.batch} is not divisible by accumulate ${settings.accumulate}`);
  }
  return settings;
}

async function resumed(options: TrainOptions): Promise<Prepared> {
  const checkpoint = await loadCheckpoint(checkpointPath(options.resume ?? ''));
  const model = modelOf(checkpoint, colorOn('stderr'));
  const { path, tensors: _, ...facts } = checkpoint;
  const steps = options.steps ?? facts.train.steps;
  if (facts.step >= steps) {
    throw new UserError(
      `${path} is complete (${facts.step} of ${steps} steps); give --steps with a larger number to train on`,
    );
  }
  const folder = new RunFolder(dirname(path));
  folder.truncateMetrics(facts.step);
  return { begin: { ...facts, train: { ...facts.train, steps } }, model, folder, checkpoint };
}

interface Run {
  readonly facts: CheckpointFacts;
  readonly model: Model;
  readonly folder: RunFolder;
  readonly corpus: Corpus;
  readonly checkpoint: Checkpoint | null;
}

async function runOn(
  device: EngineDevice,
  { facts: asked, model, folder, corpus, checkpoint }: Run,
): Promise<RunResult> {
  const { session, trainer, train } = await openTraining(device, model, asked.train, corpus, notice);
  const { batch, seq, steps, accumulate } = train;
  const facts = { ...asked, train };
  const tokens = corpus.train.length.toLocaleString('en');
  notice(`${model.name}: ${steps} steps of ${batch} x ${seq} tokens${accumulate > 1 ? ` in ${accumulate} parts` : ''}, ${tokens} tokens in ${corpus.files} files`); // prettier-ignore
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
  const held = `validation loss ${result.firstValidationLoss?.toFixed(3) ?? '-'} -> ${result.validationLoss?.toFixed(3) ?? '-'}`;
  notice(
    result.interrupted ? `stopped at step ${result.steps}; go on with: modelc train --resume ${folder.path}` : held,
  );
  notice(`run: ${folder.path} (checkpoint.safetensors, metrics.jsonl, report.html)`);
}
