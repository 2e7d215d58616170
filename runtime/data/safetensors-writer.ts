// Takes: the names, types and shapes of tensors, then their bytes in that order, in pieces. Gives: a safetensors file.
// Promises: written beside its path and moved there at the end: whole or not at all; what was there before stays if it fails.
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { checkByteOrder } from './safetensors-file.ts';
import { bytesOf, type Dtype } from './safetensors-header.ts';

export interface TensorForm {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

export function bytesOfTensor({ dtype, shape }: TensorForm): number {
  return shape.reduce((product, size) => product * size, bytesOf(dtype));
}

export class SafetensorsWriter {
  readonly #path: string;
  readonly #temporary: string;
  readonly #file: FileHandle;
  #missing: number;

  private constructor(path: string, temporary: string, file: FileHandle, dataBytes: number) {
    this.#path = path;
    this.#temporary = temporary;
    this.#file = file;
    this.#missing = dataBytes;
  }

  /** Writes the header; the data follows in the order of `tensors`. Metadata is text by name. */
  static async create(
    path: string,
    tensors: ReadonlyMap<string, TensorForm>,
    metadata: Readonly<Record<string, string>> = {},
  ): Promise<SafetensorsWriter> {
    checkByteOrder();
    const { header, dataBytes } = headerOf(tensors, metadata);
    const temporary = `${path}.${process.pid}.tmp`;
    const file = await open(temporary, 'w');
    const writer = new SafetensorsWriter(path, temporary, file, dataBytes);
    try {
      await writeAll(file, header);
    } catch (error) {
      await writer.abandon();
      throw error;
    }
    return writer;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length > this.#missing) throw new TypeError(`internal: ${bytes.length - this.#missing} bytes too many for ${this.#path}`); // prettier-ignore
    await writeAll(this.#file, bytes);
    this.#missing -= bytes.length;
  }

  /** Puts the file in its place. */
  async finish(): Promise<void> {
    if (this.#missing > 0) throw new TypeError(`internal: ${this.#missing} bytes missing for ${this.#path}`);
    await this.#file.sync();
    await this.#file.close();
    await rename(this.#temporary, this.#path);
  }

  /** Leaves nothing behind. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {});
    await rm(this.#temporary, { force: true });
  }
}

/** Runs `fill` on a new file: finished when it returns, abandoned when it throws. */
export async function writingSafetensors(
  path: string,
  tensors: ReadonlyMap<string, TensorForm>,
  metadata: Readonly<Record<string, string>>,
  fill: (writer: SafetensorsWriter) => Promise<void>,
): Promise<void> {
  const writer = await SafetensorsWriter.create(path, tensors, metadata);
  try {
    await fill(writer);
    await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** The length of the header and the header, padded so that the data starts at a multiple of 8. */
function headerOf(
  tensors: ReadonlyMap<string, TensorForm>,
  metadata: Readonly<Record<string, string>>,
): { header: Uint8Array; dataBytes: number } {
  // fromEntries keeps a tensor called __proto__ a plain key.
  const entries: [string, unknown][] = [['__metadata__', metadata]];
  let offset = 0;
  for (const [name, { dtype, shape }] of tensors) {
    const end = offset + bytesOfTensor({ dtype, shape });
    entries.push([name, { dtype, shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const padded = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + padded).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(json, 8);
  return { header, dataBytes: offset };
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(bytes.length - done, 2 ** 30));
    done += bytesWritten;
  }
}
