// Takes: two models: of one file, or of two. Gives: how they differ.
// Promises: compares what they mean, not how they are written.
import { Command } from 'commander';
import pc from 'picocolors';
import type { Model } from '../../compiler/2-check/model.ts';
import { diffModels, printDiff } from '../../compiler/explain/diff.ts';
import { chooseModel, loadModelFile } from '../model-file.ts';
import { colorOn, print, printJson } from '../terminal.ts';
import { UserError } from '../user-error.ts';

export function diffCommand(): Command {
  return new Command('diff')
    .description('compare two models: changed keys, sizes and costs')
    .argument('<a>', 'FILE, FILE:MODEL')
    .argument('<b>', 'FILE, FILE:MODEL, or the name of a model in the first file')
    .option('--json', 'the difference as JSON')
    .addHelpText(
      'after',
      `
Examples:
  modelc diff specs/quickstart.model QuickstartMQA
  modelc diff specs/families/llama.model specs/families/qwen3.model
  modelc diff a.model:Wide b.model:Deep --json`,
    )
    .action((first: string, second: string, options: { json?: boolean }) => {
      const a = modelAt(first);
      const b = second.includes('.model') ? modelAt(second) : modelAt(`${fileOf(first)}:${second}`);
      const diff = diffModels(a, b);
      if (options.json === true) printJson(diff);
      else print(printDiff(diff, pc.createColors(colorOn('stdout'))));
    });
}

const fileOf = (place: string): string => splitPlace(place)[0];

function splitPlace(place: string): [string, string | undefined] {
  const match = /^(.*\.model):(\w+)$/.exec(place);
  return match === null ? [place, undefined] : [match[1] ?? place, match[2]];
}

function modelAt(place: string): Model {
  const [path, name] = splitPlace(place);
  if (!path.endsWith('.model'))
    throw new UserError(`${place} names no .model file; write FILE.model or FILE.model:MODEL`);
  return chooseModel(loadModelFile(path, colorOn('stderr')), name);
}
