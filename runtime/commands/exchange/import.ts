// Takes: a folder of the Hugging Face hub. Gives: a folder with a readable .model file, its weights and its tokenizer.
// Promises: what does not fit is told before a byte is written; the folder is made whole or not at all.
import { Command, InvalidArgumentError } from 'commander';
import { join } from 'node:path';
import { parameterCount } from '../../../compiler/2-check/parameters/parameters.ts';
import { count } from '../../../compiler/explain/numbers.ts';
import { notice, print, printJson } from '../../terminal.ts';
import { type HubFolder, openHub } from '../../weights/hub-folder.ts';
import { requireReadable } from '../../weights/write/companions.ts';
import { type Place, requireFree } from '../../weights/write/fresh-folder.ts';
import { checkpointName, importFolder, leftOut, modelName } from '../../weights/write/import-folder.ts';
import { type StoredFigures, storedFigures, storedText, watched } from './figures.ts';

export interface ImportFlags {
  readonly out?: string;
  readonly name?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** What was made, or would be. */
export interface Imported extends StoredFigures {
  readonly model: string;
  readonly model_type: string;
  readonly parameters: number;
  readonly folder: string;
  /** Empty when nothing was written. */
  readonly files: readonly string[];
  /** Tensors that are no weights of the model. */
  readonly left_out: readonly string[];
  /** Of the .model file. */
  readonly text: string;
}

const examples = `
The folder holds config.json, model.safetensors (or shards with model.safetensors.index.json) and, where there is one, a
tokenizer. What is made holds <Name>.model, weights.safetensors (names of the .model, bytes as they came) and copies of the
tokenizer and of config.json. A key of config.json that may change the function and is not understood is an error.

Examples:
  modelc import ./SmolLM3-3B
  modelc import ./Qwen3-0.6B --out models/qwen --name Qwen
  modelc import ~/.cache/huggingface/hub/models--openai-community--gpt2/snapshots/607a30d783dfa663caf39e06633721c8d4cfcd7e
  modelc import ./SmolLM3-3B --dry-run > smollm3.model`;

export function importCommand(): Command {
  return new Command('import')
    .description('turn a checkpoint of the Hugging Face hub into a .model file and its weights')
    .argument('<folder>', 'with config.json and safetensors, as transformers writes it')
    .option('--out <folder>', "where it goes (default: imported/<the folder's name>)")
    .option('--name <name>', "of the model (default: the folder's name)", identifier)
    .option('--force', 'replace a model that stands at --out')
    .option('--dry-run', 'check everything and print the .model file; write nothing')
    .option('--json', 'what was made as JSON')
    .addHelpText('after', examples)
    .action(async (folder: string, flags: ImportFlags) => {
      const imported = await importCheckpoint(folder, flags);
      if (flags.json === true) return printJson(imported);
      if (flags.dryRun === true) {
        print(imported.text);
        notice(`\n${summary(imported)}\nnothing was written (--dry-run)`);
      } else print(`${summary(imported)}\n${next(imported)}`);
    });
}

function identifier(text: string): string {
  if (!/^[A-Za-z_]\w*$/.test(text)) throw new InvalidArgumentError('give a name of letters, digits and _.');
  return text;
}

/** @throws UserError, ConfigError */
export async function importCheckpoint(folder: string, flags: ImportFlags): Promise<Imported> {
  const checkpoint = checkpointName(folder);
  const place: Place = { path: flags.out ?? join('imported', checkpoint), force: flags.force === true, from: folder };
  const hub = await openHub(folder, { name: flags.name ?? modelName(checkpoint) });
  try {
    await requireReadable(folder);
    if (flags.dryRun === true) return describe(hub, place, []);
    requireFree(place);
    return describe(hub, place, await watched('importing', (watcher) => importFolder(hub, place, watcher)));
  } finally {
    await hub.weights.close();
  }
}

function describe(hub: HubFolder, { path }: Place, files: readonly string[]): Imported {
  const { model, imported, weights } = hub;
  return {
    model: model.name,
    model_type: imported.family.modelType,
    parameters: parameterCount(model).total,
    ...storedFigures(weights.weights.values()),
    folder: path,
    files,
    left_out: leftOut(hub),
    text: imported.text,
  };
}

function summary(imported: Imported): string {
  const { model, model_type: modelType, parameters, folder, files, left_out: left } = imported;
  const lines = [`${model} (model_type ${modelType}): ${count(parameters)} parameters, ${storedText(imported)}`];
  if (files.length > 0) lines.push(`${folder}: ${files.join(', ')}`);
  if (left.length > 0) {
    const more = left.length > 3 ? ` and ${left.length - 3} more` : '';
    lines.push(`left out, since they hold no weights of their own: ${left.slice(0, 3).join(', ')}${more}`);
  }
  return lines.join('\n');
}

function next({ model, folder }: Imported): string {
  return [
    'next:',
    `  modelc explain ${join(folder, `${model}.model`)}`,
    `  modelc generate ${folder} --prompt 'Once upon a time'`,
    `  modelc train --from ${folder} --data 'notes/*.md'`,
    `  modelc export ${folder} --to hf --out exported`,
  ].join('\n');
}
