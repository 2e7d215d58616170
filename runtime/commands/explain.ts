// Takes: a .model file. Gives: the resolved architecture and what it costs.
// Promises: needs no device; figures that cannot be had are said in a sentence.
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Model, TrainSpec } from '../../compiler/2-check/model.ts';
import { defaultTargets } from '../../compiler/7-plan/default-target.ts';
import { formatDiagnostic, UnbuiltError } from '../../compiler/diagnostics.ts';
import { type DeviceFigures, deviceNamed, devices } from '../../compiler/explain/cost/devices.ts';
import { type ExplainOptions, explainModel, printExplanation } from '../../compiler/explain/explain.ts';
import { type PlanFigures, planFigures } from '../../compiler/explain/plan-figures.ts';
import { explainTowers, printTowers } from '../../compiler/explain/towers.ts';
import { chooseModel, chooseTowers, chooseTrain, loadModelFile, type LoadedFile } from '../model-file.ts';
import { colorOn, print, printJson } from '../terminal.ts';
import { plain } from './check.ts';
import { writeExplainPage } from '../picture/page.ts';

export function explainCommand(): Command {
  return new Command('explain')
    .description('print the resolved architecture: layers, parameters, costs, plans, lints')
    .argument('<file>', '.model file')
    .option('--model <name>', 'which model or variant (default: the first)')
    .addOption(new Option('--device <name>', 'for which the plans are made').choices(['gpu', 'cpu']).default('gpu'))
    .option('--no-plans', 'leave out the figures of the compiled plans, which take longest')
    .option('--length <tokens>', 'sequence for work, cache and times (default: the context)', positive)
    .option('--batch <sequences>', 'sequences at once in prefill and decode (default: 1)', positive)
    .option(
      '--roofline <name>',
      `least times on a device: ${devices.map(({ name }) => name).join(', ')}, or FLOPS,BANDWIDTH[,MEMORY]`,
      namedDevice,
    )
    .option('--json', 'everything as JSON')
    .option('--html <file>', 'draw the architecture as one HTML page')
    .addHelpText(
      'after',
      '\nExamples:\n  modelc explain specs/quickstart.model\n  modelc explain specs/quickstart.model --device cpu\n  modelc explain specs/families/llama.model --no-plans --json\n  modelc explain specs/families/llama.model --no-plans --roofline h100 --length 8192\n  modelc explain specs/quickstart.model --roofline 10T,200G,16G\n  modelc explain specs/families/gemma3.model --html gemma3.html',
    )
    .action((file: string, options: Options) => {
      const loaded = loadModelFile(file, colorOn('stderr'));
      if (options.html !== undefined) return writeExplainPage(options.html, loaded, options.model, settingsOf(options));
      const { text, data } = explained(loaded, options);
      const lints = loaded.diagnostics;
      if (options.json === true) return printJson({ ...data, lints: lints.map(plain) });
      print(text);
      for (const lint of lints) print(`\n${formatDiagnostic(lint, { color: colorOn('stdout') })}`);
    });
}

interface Options {
  readonly model?: string;
  readonly device: 'gpu' | 'cpu';
  readonly plans: boolean;
  readonly length?: number;
  readonly batch?: number;
  readonly roofline?: DeviceFigures;
  readonly json?: boolean;
  readonly html?: string;
}

/** Of the model or the towers of that name, else of the file's first. */
function explained(loaded: LoadedFile, options: Options): { readonly text: string; readonly data: object } {
  const towers = chooseTowers(loaded, options.model);
  if (towers !== undefined) {
    const data = explainTowers(towers);
    return { text: printTowers(data), data };
  }
  const model = chooseModel(loaded, options.model);
  const plans = options.plans ? figuresOf(loaded, model, options.device) : 'left out';
  const data = explainModel(model, settingsOf(options));
  return { text: printExplanation(data, plans), data: { ...data, plans } };
}

function settingsOf({ length, batch, roofline }: Options): ExplainOptions {
  return {
    ...(length === undefined ? {} : { length }),
    ...(batch === undefined ? {} : { batch }),
    ...(roofline === undefined ? {} : { device: roofline }),
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('give a whole number from 1 on.');
  return value;
}

function namedDevice(text: string): DeviceFigures {
  const device = deviceNamed(text);
  if (device !== null) return device;
  throw new InvalidArgumentError(`give ${devices.map(({ name }) => name).join(', ')}, or FLOPS,BANDWIDTH[,MEMORY].`);
}

function figuresOf(loaded: LoadedFile, model: Model, device: 'gpu' | 'cpu'): readonly PlanFigures[] | string {
  try {
    const train: TrainSpec | undefined = loaded.file.trains.length > 0 ? chooseTrain(loaded, model) : undefined;
    return planFigures(model, train, defaultTargets[device]);
  } catch (error) {
    if (error instanceof UnbuiltError) return error.diagnostics.map(({ message }) => message).join('; ');
    if (error instanceof Error && error.name === 'PlanError') return error.message;
    throw error;
  }
}
