// Takes: a .model file. Gives: the resolved architecture and what it costs.
// Promises: needs no device; figures that cannot be had are said in a sentence.
import { Command, Option } from 'commander';
import type { Model, TrainSpec } from '../../compiler/2-check/model.ts';
import { defaultTargets } from '../../compiler/7-plan/default-target.ts';
import { formatDiagnostic } from '../../compiler/diagnostics.ts';
import { explainModel, printExplanation } from '../../compiler/explain/explain.ts';
import { type PlanFigures, planFigures } from '../../compiler/explain/plan-figures.ts';
import { chooseModel, chooseTrain, loadModelFile, type LoadedFile } from '../model-file.ts';
import { colorOn, print, printJson } from '../terminal.ts';
import { plain } from './check.ts';
import { writeExplainPage } from './explain-page.ts';

export function explainCommand(): Command {
  return new Command('explain')
    .description('print the resolved architecture: layers, parameters, costs, plans, lints')
    .argument('<file>', '.model file')
    .option('--model <name>', 'which model or variant (default: the first)')
    .addOption(new Option('--device <name>', 'for which the plans are made').choices(['gpu', 'cpu']).default('gpu'))
    .option('--no-plans', 'leave out the figures of the compiled plans, which take longest')
    .option('--json', 'everything as JSON')
    .option('--html <file>', 'draw the architecture as one HTML page')
    .addHelpText(
      'after',
      '\nExamples:\n  modelc explain specs/quickstart.model\n  modelc explain specs/quickstart.model --device cpu\n  modelc explain specs/families/llama.model --no-plans --json\n  modelc explain specs/families/gemma3.model --html gemma3.html',
    )
    .action(
      (
        file: string,
        options: { model?: string; device: 'gpu' | 'cpu'; plans: boolean; json?: boolean; html?: string },
      ) => {
        const loaded = loadModelFile(file, colorOn('stderr'));
        if (options.html !== undefined) return writeExplainPage(options.html, loaded, options.model);
        const model = chooseModel(loaded, options.model);
        const figures = options.plans ? figuresOf(loaded, model, options.device) : 'left out';
        const lints = loaded.diagnostics;
        if (options.json === true) printJson({ ...explainModel(model), plans: figures, lints: lints.map(plain) });
        else {
          print(printExplanation(explainModel(model), figures));
          for (const lint of lints) print(`\n${formatDiagnostic(lint, { color: colorOn('stdout') })}`);
        }
      },
    );
}

function figuresOf(loaded: LoadedFile, model: Model, device: 'gpu' | 'cpu'): readonly PlanFigures[] | string {
  const train: TrainSpec | undefined = loaded.file.trains.length > 0 ? chooseTrain(loaded, model) : undefined;
  try {
    return planFigures(model, train, defaultTargets[device]);
  } catch (error) {
    if (error instanceof Error && ['PlanError', 'UnbuiltError'].includes(error.name)) return error.message;
    throw error;
  }
}
