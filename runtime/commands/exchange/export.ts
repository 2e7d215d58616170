// Takes: a run, a checkpoint, an imported folder or one of the Hugging Face hub. Gives: a folder that transformers loads, or
// one for PyTorch alone.
// Promises: the weights of an import come out byte for byte; the folder is made whole or not at all.
import { Command, InvalidArgumentError, Option } from 'commander';
import type { TrainSpec } from '../../../compiler/2-check/model.ts';
import { exportConfig, type Origin } from '../../../compiler/exchange/export-config.ts';
import { pytorchFiles } from '../../../compiler/exchange/pytorch/pytorch-files.ts';
import { chooseTrain, readPrelude } from '../../model-file.ts';
import { notice, print, printJson } from '../../terminal.ts';
import { openModel, type OpenModel } from '../../weights/open-model.ts';
import { requireFit } from '../../weights/require-fit.ts';
import { tensorsOf } from '../../weights/tensors-of.ts';
import { companions, copyFiles } from '../../weights/write/companions.ts';
import { exportHf } from '../../weights/write/export-hf.ts';
import { exportPytorch } from '../../weights/write/export-pytorch.ts';
import { freshFolder, type Place, requireFree } from '../../weights/write/fresh-folder.ts';
import { type StoredFigures, storedFigures, storedText, watched } from './figures.ts';

const dtypes = { keep: null, f32: 'F32', f16: 'F16', bf16: 'BF16' } as const;

export interface ExportFlags {
  readonly to: 'hf' | 'pytorch';
  readonly out: string;
  readonly maxShardSize: number;
  readonly dtype: keyof typeof dtypes;
  readonly force?: boolean;
  readonly json?: boolean;
}

export interface Exported extends StoredFigures {
  readonly to: ExportFlags['to'];
  readonly model: string;
  /** Null for PyTorch, which knows no families. */
  readonly model_type: string | null;
  readonly folder: string;
  readonly files: readonly string[];
}

const examples = `
--to hf writes config.json and safetensors that the family's own code in transformers loads; a model that no family says is
refused with what is nearest. --to pytorch takes every model: model.py, a module to read, and train.py, a script for torchrun
that trains it sharded over many GPUs (FSDP2), starting from the exported weights. What train.py leaves opens here again.
The tokenizer is copied along.

Examples:
  modelc export imported/SmolLM3-3B --to hf --out exported
  modelc export runs/quickstart-Quickstart-1 --to hf --out exported --dtype bf16
  modelc export imported/SmolLM3-3B --to hf --out exported --max-shard-size 2GB --json
  modelc export runs/quickstart-Quickstart-1 --to pytorch --out torch`;

export function exportCommand(): Command {
  return new Command('export')
    .description('write a model and its weights for transformers, or for PyTorch and torchrun')
    .argument('<path>', 'folder of a run, its checkpoint, an imported folder, or one of the Hugging Face hub')
    .addOption(new Option('--to <kind>', 'for whom').choices(['hf', 'pytorch']).makeOptionMandatory())
    .requiredOption('--out <folder>', 'where it goes')
    .addOption(
      new Option('--max-shard-size <size>', 'of a file of weights, with --to hf: 500MB, 2GiB')
        .argParser(size)
        .default(5e9, '5GB'),
    ) // prettier-ignore
    .addOption(new Option('--dtype <type>', 'of the weights').choices(Object.keys(dtypes)).default('keep'))
    .option('--force', 'replace a model that stands at --out')
    .option('--json', 'what was made as JSON')
    .addHelpText('after', examples)
    .action(async (path: string, flags: ExportFlags) => {
      const exported = await exportModel(path, flags);
      if (flags.json === true) return printJson(exported);
      const family = exported.model_type === null ? '' : ` as model_type ${exported.model_type}`;
      print(`${exported.model}${family}: ${storedText(exported)}\n${exported.folder}: ${named(exported.files)}`);
    });
}

/** Of shards the first. */
function named(files: readonly string[]): string {
  const shards = files.filter((name) => /-of-\d+\.safetensors$/.test(name));
  const rest = files.filter((name) => !shards.includes(name));
  return [...rest, ...(shards.length > 0 ? [`${shards[0] ?? ''} and ${shards.length - 1} more`] : [])].join(', ');
}

/** `5GB` -> 5e9, `500MiB` -> 500 * 2^20 */
function size(text: string): number {
  const [, value = '', unit = '', binary] = /^(\d+(?:\.\d+)?)\s*([KMGT])(i?)B$/i.exec(text) ?? [];
  const power = 'KMGT'.indexOf(unit.toUpperCase()) + 1;
  if (unit === '' || Number(value) === 0) throw new InvalidArgumentError('give a size such as 500MB or 5GB.');
  return Number(value) * (binary === '' ? 1000 : 1024) ** power;
}

/** @throws UserError, ConfigError, UnbuiltError */
export async function exportModel(path: string, flags: ExportFlags): Promise<Exported> {
  const place: Place = { path: flags.out, force: flags.force === true, from: path };
  const open = await openModel(path);
  try {
    requireFree(place);
    requireFit(tensorsOf(open.model), open.weights);
    return await { hf: toHf, pytorch: toPytorch }[flags.to](open, place, flags);
  } finally {
    await open.weights.close();
  }
}

async function toHf(open: OpenModel, place: Place, { dtype, maxShardSize: maxBytes }: ExportFlags): Promise<Exported> {
  const exported = exportConfig(open.model, originOf(open), readPrelude());
  const options = { dtype: dtypes[dtype], maxBytes };
  const made = await watched('exporting', (watcher) =>
    freshFolder(place, async (folder) => {
      const { files, forms } = await exportHf(folder, open, exported, options, watcher);
      return { ...storedFigures(forms), files: [...files, ...copyFiles(open.home, folder, companions)] };
    }),
  );
  if (!made.files.includes('tokenizer.json')) notice('there was no tokenizer.json to copy; transformers needs one for text'); // prettier-ignore
  return { to: 'hf', model: open.model.name, model_type: exported.modelType, folder: place.path, ...made };
}

/** Tensor names differ between spellings of one family, and the map of an import knows them. */
function originOf({ config, model }: OpenModel): Origin | null {
  return config && { config, tensors: model.weights[0]?.entries.flatMap(({ tensors }) => tensors) ?? [] };
}

async function toPytorch(open: OpenModel, place: Place, { dtype }: ExportFlags): Promise<Exported> {
  const texts = pytorchFiles(open.model, trainOf(open));
  const made = await watched('exporting', (watcher) =>
    freshFolder(place, async (folder) => {
      const { files, forms } = await exportPytorch(folder, open, texts, dtypes[dtype], watcher);
      return { ...storedFigures(forms), files: [...files, ...copyFiles(open.home, folder, companions)] };
    }),
  );
  return { to: 'pytorch', model: open.model.name, model_type: null, folder: place.path, ...made };
}

/** Null: train.py gets the defaults. */
function trainOf({ file, model }: OpenModel): TrainSpec | null {
  return file.file.trains.length === 0 ? null : chooseTrain(file, model);
}
