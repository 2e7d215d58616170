// Takes: an open folder of the Hugging Face hub. Gives: a folder with a .model file, its weights by our names, and its tokenizer.
// Promises: no bit of a weight changes; whole or not at all; one tensor in memory at a time.
import { basename, dirname, join, resolve } from 'node:path';
import { type TensorForm, writingSafetensors } from '../../data/safetensors-writer.ts';
import { writeText } from '../../write-text.ts';
import type { HubFolder } from '../hub-folder.ts';
import { importedFormat, importedWeights } from '../open-model.ts';
import { companions, copyFiles } from './companions.ts';
import { bytesOfAll, WatchedWriting, type Watcher } from './copying.ts';
import { freshFolder, type Place } from './fresh-folder.ts';

/** The names of the files made in `place`. @throws UserError */
export function importFolder(hub: HubFolder, place: Place, watcher: Watcher): Promise<string[]> {
  return freshFolder(place, async (out) => {
    const source = `${hub.model.name}.model`;
    writeText(join(out, source), hub.imported.text);
    await writeWeights(join(out, importedWeights), hub, watcher);
    return [source, importedWeights, ...copyFiles(place.from, out, ['config.json', ...companions])];
  });
}

async function writeWeights(path: string, { model, weights }: HubFolder, watcher: Watcher): Promise<void> {
  const forms = new Map<string, TensorForm>([...weights.weights].map(([name, { dtype, shape }]) => [name, { dtype, shape }])); // prettier-ignore
  const writing = new WatchedWriting(watcher, bytesOfAll(forms.values()));
  await writingSafetensors(path, forms, { format: importedFormat, model: model.name }, async (writer) => {
    for (const name of forms.keys()) {
      for await (const piece of weights.pieces(name)) await writing.write(writer, piece);
    }
  });
}

/** Tensors on disk that are not the model's weights: masks, a tied head. */
export function leftOut({ store, map }: HubFolder): string[] {
  const used = new Set(map.entries.flatMap(({ tensors }) => tensors));
  return [...store.entries.keys()].filter((name) => !used.has(name));
}

/** What a checkpoint is called: its folder, also where that lies in the cache of the hub under a hash. */
export function checkpointName(folder: string): string {
  const path = resolve(folder);
  const cached = /^models--(?:(?:[^-]|-(?!-))+--)?(.+)$/.exec(basename(dirname(dirname(path))))?.[1];
  return basename(dirname(path)) === 'snapshots' && cached !== undefined ? cached : basename(path);
}

/** `Qwen2.5-0.5B-Instruct` -> `Qwen2_5_0_5BInstruct`: digits of two numbers stay apart. */
export function modelName(checkpoint: string): string {
  const capital = (word: string): string => `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
  const joined = (text: string): string => text.split(/[^A-Za-z0-9]+/).map(capital).join(''); // prettier-ignore
  const name = checkpoint.split(/(?<=\d)[^A-Za-z0-9]+(?=\d)/).map(joined).join('_'); // prettier-ignore
  return /^[A-Za-z]/.test(name) ? name : `Model${name}`;
}
