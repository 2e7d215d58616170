// Takes: a folder with a checkpoint in one safetensors file, or in shards with an index. Gives: its tensors by name.
// Promises: every header is read and checked before anything is returned; only what is asked for is read.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SafetensorsFile } from '../data/safetensors-file.ts';
import type { HeaderEntry } from '../data/safetensors-header.ts';
import { readJson } from '../tokenizer/open-tokenizer.ts';
import { UserError } from '../user-error.ts';

export interface TensorStore {
  /** For messages: the file, or the folder of the shards. */
  readonly path: string;
  readonly entries: ReadonlyMap<string, HeaderEntry>;
  /** The file a tensor lies in. @throws UserError when there is none */
  fileOf(name: string): SafetensorsFile;
  close(): Promise<void>;
}

const indexName = 'model.safetensors.index.json';

/** `name`: the checkpoint's file, where it is not as transformers calls it. @throws UserError */
export async function openStore(folder: string, name?: string): Promise<TensorStore> {
  if (name !== undefined) return storeOf(join(folder, name), [join(folder, name)], null);
  const single = join(folder, 'model.safetensors');
  if (existsSync(single)) return storeOf(single, [single], null);
  const index = join(folder, indexName);
  const json = await readJson(index);
  if (json !== null) {
    const places = placesOf(index, json['weight_map']);
    const shards = [...new Set(places.values())].sort().map((shard) => join(folder, shard));
    return storeOf(folder, shards, { path: index, places });
  }
  throw new UserError(nothingIn(folder));
}

function nothingIn(folder: string): string {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const pickled = names.find((each) => /^pytorch_model.*\.bin$/.test(each));
  if (pickled !== undefined) return `${folder} has its weights in ${pickled}, which may run code when it is read; convert it to safetensors with transformers (save_pretrained)`; // prettier-ignore
  return `${folder} has no weights: neither model.safetensors nor ${indexName} is there`;
}

function placesOf(path: string, value: unknown): ReadonlyMap<string, string> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const isName = (shard: unknown): shard is string => typeof shard === 'string' && !/[/\\]/.test(shard);
  const places = entries.filter((entry): entry is [string, string] => isName(entry[1]));
  if (entries.length > 0 && places.length === entries.length) return new Map(places);
  throw new UserError(`${path} is damaged: its weight_map does not name a file of this folder for every tensor`);
}

interface Index {
  readonly path: string;
  readonly places: ReadonlyMap<string, string>;
}

async function storeOf(path: string, shards: readonly string[], index: Index | null): Promise<TensorStore> {
  const files: SafetensorsFile[] = [];
  const close = async (): Promise<void> => void (await Promise.all(files.map((file) => file.close())));
  try {
    for (const shard of shards) files.push(await openFile(shard, index));
    const owners = new Map<string, SafetensorsFile>();
    for (const file of files) {
      for (const name of file.header.entries.keys()) {
        const other = owners.get(name);
        if (other !== undefined) throw new UserError(`${name} is both in ${other.path} and in ${file.path}`);
        owners.set(name, file);
      }
    }
    for (const [name, shard] of index?.places ?? []) {
      if (owners.get(name)?.path !== join(path, shard)) throw new UserError(`${index?.path} says that ${name} is in ${shard}, but it is not`); // prettier-ignore
    }
    const entries = new Map([...owners].map(([name, file]) => [name, file.entry(name)]));
    const fileOf = (name: string): SafetensorsFile => {
      const file = owners.get(name);
      if (file === undefined) throw new UserError(`${path} has no tensor ${name}`);
      return file;
    };
    return { path, entries, fileOf, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openFile(path: string, index: Index | null): Promise<SafetensorsFile> {
  try {
    return await SafetensorsFile.open(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code === 'ENOENT') throw new UserError(index === null ? `${path} is missing` : `${path} is missing, but ${index.path} names it`); // prettier-ignore
    throw new UserError(`cannot read ${path}: ${String(error.code)}`);
  }
}
