// Takes: the path of a safetensors file. Gives: all its tensors and metadata at once, or writes them.
// Promises: for files that fit in memory; larger ones are read by safetensors-file.ts and written by safetensors-writer.ts.
import { UserError } from '../user-error.ts';
import { SafetensorsFile } from './safetensors-file.ts';
import { writingSafetensors } from './safetensors-writer.ts';

/** One tensor, row-major; `data` is of the array type that `dtype` names. */
export interface SafetensorsTensor {
  readonly dtype: 'F32' | 'I32' | 'U32';
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint32Array;
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const arrays = { F32: Float32Array, I32: Int32Array, U32: Uint32Array } as const;

/** @throws UserError when it is of another type than F32, I32 or U32 */
export async function readTensor(file: SafetensorsFile, name: string): Promise<SafetensorsTensor> {
  const { dtype, shape } = file.entry(name);
  if (dtype !== 'F32' && dtype !== 'I32' && dtype !== 'U32') {
    throw new UserError(`${file.path}: ${name} is of type ${dtype}; F32, I32 and U32 can be read`);
  }
  return { dtype, shape, data: new arrays[dtype]((await file.bytes(name)).buffer) };
}

/**
 * Reads all tensors of a file, of types F32, I32 and U32.
 * @throws UserError when the file is truncated, damaged, of another format or has tensors of another type; errors of
 * the file system (`ENOENT`) as they are.
 */
export async function readSafetensors(path: string): Promise<Safetensors> {
  const file = await SafetensorsFile.open(path);
  try {
    const tensors = new Map<string, SafetensorsTensor>();
    for (const name of file.header.entries.keys()) tensors.set(name, await readTensor(file, name));
    return { tensors, metadata: file.header.metadata };
  } finally {
    await file.close();
  }
}

/**
 * Writes tensors, in the order given, to a temporary file beside `path` that then takes its place; what was there
 * before stays if anything fails. Metadata is text by name.
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  for (const [name, { dtype, shape, data }] of tensors) {
    const count = shape.reduce((product, size) => product * size, 1);
    if (count !== data.length || !(data instanceof arrays[dtype])) {
      throw new TypeError(`internal: tensor ${name} is ${dtype} [${shape.join(', ')}], but has ${data.length} values`);
    }
  }
  await writingSafetensors(path, tensors, metadata, async (writer) => {
    for (const { data } of tensors.values()) {
      await writer.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  });
}
