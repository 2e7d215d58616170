// Takes: a .model file, weights to start from, or a run to resume. Gives: a run folder with checkpoint, metrics and report.
// Promises: the same file, data and seed give the same bits; Ctrl-C saves, and --resume goes on bit for bit.
import { Command, InvalidArgumentError } from 'commander';
import { withDevice, withDeviceOptions } from '../device/with-device.ts';
import type { EngineDevice } from '../engine/engine-device.ts';
import type { DeviceOptions } from '../engine/open-device.ts';
import type { Session } from '../engine/session.ts';
import { printProfile } from '../profile/print-profile.ts';
import { profileSteps, profileTraining } from '../profile/profiled-training.ts';
import type { Summary } from '../profile/summarize.ts';
import { notice, print, printJson, progressLine, progressText, stopOnSignal } from '../terminal.ts';
import { bytesTokenizer } from '../tokenizer/bytes.ts';
import { openTokenizer } from '../tokenizer/open-tokenizer.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { restore } from '../training/checkpoint.ts';
import { memoryText } from '../training/memory-text.ts';
import { openTraining } from '../training/open-training.ts';
import type { RunFolder } from '../training/run-folder.ts';
import { type RunResult, runTraining } from '../training/run.ts';
import { type Prepared, prepareRun, type RunRequest } from '../training/start/prepare.ts';
import { openRunData, type RunData } from '../training/start/run-data.ts';
import { writeWeights } from '../training/start/weights.ts';
import { initializeParameters } from '../training/trainer.ts';

export interface TrainOptions extends DeviceOptions, RunRequest {
  readonly json?: boolean;
  /** Steps to profile; true: three. */
  readonly profile?: number | true;
}

export interface Trained {
  readonly result: RunResult;
  readonly folder: RunFolder;
  /** Empty where none was asked for. */
  readonly profile: readonly Summary[];
}

export function trainCommand(): Command {
  const command = new Command('train')
    .description('compile a model and train it on text')
    .argument('[file]', '.model file; not with --resume')
    .option(
      '--from <folder>',
      'start from these weights: a run, or a folder of the Hugging Face hub or of modelc import; without a file its own model is trained',
    )
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
    .option(
      '--profile [steps]',
      'time every kernel of some steps (3), after 3 that warm up: profile.json, trace.json',
      profileSteps,
    )
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
  modelc train --from meta-llama/Llama-3.2-1B --data 'notes/*.md' --steps 200
  modelc train my.model --from runs/mine-1 --tokens batches.safetensors
  modelc train my.model --steps 8 --profile=5

Ctrl-C finishes the step and saves. A run folder holds checkpoint.safetensors, metrics.jsonl, report.html and source.model.`,
    )
    .action(async (file: string | undefined, options: TrainOptions) => {
      const { result, folder, profile } = await train(file, options);
      const measured = profile.length > 0 ? { profile } : {};
      if (options.json === true)
        printJson({ ...result, folder: folder.path, checkpoint: folder.checkpoint, ...measured });
      else if (profile.length > 0) print(profile.map(printProfile).join('\n\n'));
    });
}

export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('give a whole number from 1 on.');
  return value;
}

/** A run from its first step, or from where it stopped. @throws UserError, DeviceError */
export async function train(file: string | undefined, options: TrainOptions): Promise<Trained> {
  const prepared = await prepareRun(file, options);
  const { begin, model, folder, start } = prepared;
  try {
    const data = await openRunData(begin, model.vocab, await tokenizerOf(prepared));
    try {
      if (start.kind === 'resumed' && start.checkpoint.dataFingerprint !== data.fingerprint) {
        notice('warning: the data is not what the run began with, so the result differs from an uninterrupted run');
      }
      const { result, profile } = await withDevice(options, (device) => runOn(device, prepared, data, options.profile));
      describeEnd(result, folder);
      return { result, folder, profile };
    } finally {
      await data.source.close();
    }
  } finally {
    if (start.kind === 'weights') await start.open.weights.close();
  }
}

async function runOn(
  device: EngineDevice,
  prepared: Prepared,
  data: RunData,
  asked: TrainOptions['profile'],
): Promise<Pick<Trained, 'result' | 'profile'>> {
  const { begin, model, folder, start } = prepared;
  const { session, trainer, train, plans } = await openTraining(device, model, begin.train, data.source, notice);
  const { batch, seq, steps, accumulate } = train;
  const facts = { ...begin, train, dataFingerprint: data.fingerprint };
  notice(`${model.name}: ${steps} steps of ${batch} x ${seq} tokens${accumulate > 1 ? ` in ${accumulate} parts` : ''}, ${data.description}`); // prettier-ignore
  notice(memoryText(plans));
  const signal = stopOnSignal('stopping after this step; once more to leave at once');
  const line = progressLine(steps, progressText);
  try {
    const left = steps - begin.step;
    const profiled =
      asked === undefined ? null : profileTraining(trainer, device, { asked, left, folder: folder.path });
    await writeStart(session, prepared);
    if (start.kind !== 'resumed') folder.create(begin.source.text, start.kind === 'weights' ? start.open.path : null);
    const result = await runTraining({
      trainer: profiled?.steps ?? trainer,
      session,
      folder,
      begin: facts,
      onProgress: line.update,
      shouldStop: signal.asked,
    });
    return { result, profile: profiled?.finish() ?? [] };
  } finally {
    line.stop();
    signal.release();
    session.destroy();
  }
}

/** That of the weights; a run keeps a copy of it in its folder. @throws UserError */
async function tokenizerOf({ start, folder }: Prepared): Promise<Tokenizer> {
  switch (start.kind) {
    case 'random':
      return bytesTokenizer;
    case 'weights':
      return start.open.tokenizer;
    case 'resumed':
      return openTokenizer(folder.path);
  }
}

/** The session's weights, and its optimizer state where a run goes on. @throws UserError when they do not fit the model */
async function writeStart(session: Session, { start, model, begin }: Prepared): Promise<void> {
  switch (start.kind) {
    case 'random':
      return initializeParameters(session, model, begin.train.seed);
    case 'weights':
      return writeWeights(session, start.open.weights);
    case 'resumed':
      return restore(start.checkpoint, session, 'all');
  }
}

function describeEnd(result: RunResult, folder: RunFolder): void {
  const { firstValidationLoss: first, validationLoss: held, loss, skipped } = result;
  const end = held === null ? `loss ${loss?.toFixed(3) ?? '-'}` : `validation loss ${first?.toFixed(3) ?? '-'} -> ${held.toFixed(3)}`; // prettier-ignore
  notice(result.interrupted ? `stopped at step ${result.steps}; go on with: modelc train --resume ${folder.path}` : end); // prettier-ignore
  if (skipped > 0) notice(`${skipped} of ${result.steps} steps changed nothing: their gradients overflowed in halves, and the loss is scaled less since`); // prettier-ignore
  notice(`run: ${folder.path} (checkpoint.safetensors, metrics.jsonl, report.html)`);
}
