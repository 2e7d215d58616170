// Takes: the path of a safetensors file. Gives: its tensors and metadata, or writes them.
// Promises: a file is checked whole before anything is returned; it is written whole or not at all.
// The format: https://github.com/huggingface/safetensors#format
import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { UserError } from '../user-error.ts';
import { parseHeader } from './safetensors-header.ts';
import type { HeaderEntry } from './safetensors-header.ts';

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

const littleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Values go to and from disk as they lie in memory. */
function checkByteOrder(): void {
  if (!littleEndian) throw new UserError('safetensors files are little-endian, this machine is not');
}

async function readExactly(
  file: FileHandle,
  path: string,
  start: number,
  bytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const buffer = new Uint8Array(bytes);
  let done = 0;
  while (done < bytes) {
    const { bytesRead } = await file.read(buffer, done, Math.min(bytes - done, 2 ** 30), start + done);
    if (bytesRead === 0) throw new UserError(`${path} ends after ${start + done} bytes, ${bytes - done} are missing`);
    done += bytesRead;
  }
  return buffer;
}

async function readTensor(
  file: FileHandle,
  path: string,
  dataStart: number,
  entry: HeaderEntry,
): Promise<SafetensorsTensor> {
  const { dtype, shape, begin, end } = entry;
  const bytes = await readExactly(file, path, dataStart + begin, end - begin);
  return { dtype, shape, data: new arrays[dtype](bytes.buffer) };
}

/**
 * Reads all tensors of a file, of types F32, I32 and U32.
 * @throws UserError when the file is truncated, damaged, of another format or has tensors of another type; errors of
 * the file system (`ENOENT`) as they are.
 */
export async function readSafetensors(path: string): Promise<Safetensors> {
  checkByteOrder();
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size < 8) throw new UserError(`${path} is no safetensors file: it has ${size} bytes`);
    const prefix = await readExactly(file, path, 0, 8);
    const headerBytes = Number(new DataView(prefix.buffer).getBigUint64(0, true));
    if (headerBytes > size - 8) {
      throw new UserError(
        `${path} is no safetensors file, or cut off in its header: ${size} bytes, a header of ${headerBytes}`,
      );
    }
    const text = new TextDecoder().decode(await readExactly(file, path, 8, headerBytes));
    const header = parseHeader(path, text, size - 8 - headerBytes);
    const tensors = new Map<string, SafetensorsTensor>();
    for (const [name, entry] of header.entries) {
      tensors.set(name, await readTensor(file, path, 8 + headerBytes, entry));
    }
    return { tensors, metadata: header.metadata };
  } finally {
    await file.close();
  }
}

/** The length of the header and the header, padded so that the data starts at a multiple of 8. */
function headerOf(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  // fromEntries keeps a tensor called __proto__ a plain key.
  const entries: [string, unknown][] = [['__metadata__', metadata]];
  let offset = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    const count = shape.reduce((product, size) => product * size, 1);
    if (count !== data.length || !(data instanceof arrays[dtype])) {
      throw new TypeError(`internal: tensor ${name} is ${dtype} [${shape.join(', ')}], but has ${data.length} values`);
    }
    entries.push([name, { dtype, shape, data_offsets: [offset, offset + data.byteLength] }]);
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const padded = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + padded).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(json, 8);
  return header;
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(bytes.length - done, 2 ** 30));
    done += bytesWritten;
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
  checkByteOrder();
  const header = headerOf(tensors, metadata);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'w');
    try {
      await writeAll(file, header);
      for (const { data } of tensors.values()) {
        await writeAll(file, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
