// Takes: an open model and what a family of transformers makes of it. Gives: config.json and safetensors, in shards where
// they are large.
// Promises: the bytes of a checkpoint that was imported come out as they went in; one tensor in memory at a time.
import { join } from 'node:path';
import type { ExportedConfig } from '../../../compiler/exchange/export-config.ts';
import {
  bytesOfTensor,
  type SafetensorsWriter,
  type TensorForm,
  writingSafetensors,
} from '../../data/safetensors-writer.ts';
import { UserError } from '../../user-error.ts';
import { writeText } from '../../write-text.ts';
import { convert, narrow } from '../dtype.ts';
import type { OpenModel } from '../open-model.ts';
import { type Part, type RawTensor, writeTensor } from '../steps.ts';
import { tensorsOf } from '../tensors-of.ts';
import type { WeightDtype, WeightSource } from '../weight-source.ts';
import { configFile } from './config-text.ts';
import { bytesOfAll, WatchedWriting, type Watcher } from './copying.ts';
import { type DiskTensor, diskTensors, indexText, shardsOf } from './shards.ts';

export interface HfOptions {
  /** Null: as it is stored. */
  readonly dtype: WeightDtype | null;
  /** Of a file. */
  readonly maxBytes: number;
}

export interface WrittenFiles {
  readonly files: readonly string[];
  /** Of every tensor. */
  readonly forms: readonly (TensorForm & { readonly dtype: WeightDtype })[];
}

/** Writes into `folder`, which is there. @throws UserError */
export async function exportHf(
  folder: string,
  open: OpenModel,
  exported: ExportedConfig,
  { dtype, maxBytes }: HfOptions,
  watcher: Watcher,
): Promise<WrittenFiles> {
  const tensors = diskTensors(exported.map, open.weights.weights, dtype);
  const shards = shardsOf(tensors, maxBytes);
  const writing = new WatchedWriting(watcher, bytesOfAll(tensors.map(({ form }) => form)));
  const constants = constantsOf(open);
  for (const shard of shards) {
    const forms = new Map(shard.tensors.map(({ name, form }) => [name, form]));
    await writingSafetensors(join(folder, shard.file), forms, { format: 'pt' }, async (writer) => {
      for (const tensor of shard.tensors) await copyTensor(tensor, open.weights, constants, (bytes) => writing.write(writer, bytes)); // prettier-ignore
    });
  }
  const index = shards.length > 1 ? ['model.safetensors.index.json'] : [];
  for (const name of index) writeText(join(folder, name), indexText(shards));
  const forms = tensors.map(({ form }) => form);
  const kept = dtype === null && open.kind !== 'run' && exported.config === open.config;
  writeText(join(folder, 'config.json'), configFile(exported, open, kept ? null : commonType(forms)));
  return { files: ['config.json', ...shards.map(({ file }) => file), ...index], forms };
}

/** What a checkpoint holds and training does not move: runs do not keep it. */
type Constants = ReadonlyMap<string, { readonly shape: readonly number[]; readonly value: number }>;

function constantsOf({ model }: OpenModel): Constants {
  return new Map(
    tensorsOf(model).flatMap(({ name, role, shape, init }) =>
      role === 'state' && init.kind === 'constant' ? [[name, { shape, value: init.value }] as const] : [],
    ),
  );
}

type Write = (bytes: Uint8Array) => ReturnType<SafetensorsWriter['write']>;

async function copyTensor(
  { name, index, entries, form }: DiskTensor,
  weights: WeightSource,
  constants: Constants,
  write: Write,
): Promise<void> {
  const [first] = entries;
  const stored = first === undefined ? undefined : weights.weights.get(first.parameter);
  if (first?.steps.length === 0 && stored !== undefined) {
    for await (const piece of weights.pieces(first.parameter)) await write(convert(piece, stored.dtype, form.dtype));
    return;
  }
  const parts: Part[] = [];
  for (const entry of entries) parts.push({ entry, parameter: await rawOf(entry.parameter, weights, constants, form.dtype) }); // prettier-ignore
  const { shape, bytes } = writeTensor(parts, index);
  if (shape.join() !== form.shape.join()) throw new TypeError(`internal: ${name} came out as [${shape.join(', ')}], not [${form.shape.join(', ')}]`); // prettier-ignore
  await write(bytes);
}

async function rawOf(
  parameter: string,
  weights: WeightSource,
  constants: Constants,
  dtype: WeightDtype,
): Promise<RawTensor> {
  const stored = weights.weights.get(parameter);
  if (stored !== undefined) {
    return { dtype, shape: stored.shape, bytes: convert(await weights.readBytes(parameter), stored.dtype, dtype) };
  }
  const constant = constants.get(parameter);
  if (constant === undefined) throw new UserError(`${weights.path} has no weights named ${parameter}`);
  const { shape, value } = constant;
  const count = shape.reduce((product, size) => product * size, 1);
  return { dtype, shape, bytes: narrow(dtype, new Float32Array(count).fill(value)) };
}

/** The type most numbers have. */
function commonType(forms: WrittenFiles['forms']): WeightDtype {
  const bytes = new Map<WeightDtype, number>();
  for (const form of forms) bytes.set(form.dtype, (bytes.get(form.dtype) ?? 0) + bytesOfTensor(form));
  const [[common] = ['F32' as const]] = [...bytes].sort(([, x], [, y]) => y - x);
  return common;
}
