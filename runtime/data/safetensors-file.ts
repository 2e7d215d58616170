// Takes: the path of a safetensors file. Gives: its header at once, the bytes of its tensors when they are asked for.
// Promises: the header and the size of the file are checked before anything is returned; only what is asked for is read.
// The format: https://github.com/huggingface/safetensors#format
import { open, type FileHandle } from 'node:fs/promises';
import { UserError } from '../user-error.ts';
import { parseHeader, type Header, type HeaderEntry } from './safetensors-header.ts';

/** One read, so that a tensor of any size comes in pieces. */
const piece = 2 ** 24;

export class SafetensorsFile {
  readonly path: string;
  readonly header: Header;
  readonly #file: FileHandle;
  readonly #dataStart: number;

  private constructor(path: string, file: FileHandle, header: Header, dataStart: number) {
    this.path = path;
    this.header = header;
    this.#file = file;
    this.#dataStart = dataStart;
  }

  /**
   * @throws UserError when the file is truncated, damaged or of another format; errors of the file system (`ENOENT`) as
   * they are.
   */
  static async open(path: string): Promise<SafetensorsFile> {
    checkByteOrder();
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size < 8) throw new UserError(`${path} is no safetensors file: it has ${size} bytes`);
      const prefix = await readExactly(file, path, 0, 8);
      const headerBytes = Number(new DataView(prefix.buffer).getBigUint64(0, true));
      if (headerBytes > size - 8) {
        throw new UserError(`${path} is no safetensors file, or cut off in its header: ${size} bytes, a header of ${headerBytes}`); // prettier-ignore
      }
      const text = new TextDecoder().decode(await readExactly(file, path, 8, headerBytes));
      return new SafetensorsFile(path, file, parseHeader(path, text, size - 8 - headerBytes), 8 + headerBytes);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** @throws UserError when there is no such tensor */
  entry(name: string): HeaderEntry {
    const entry = this.header.entries.get(name);
    if (entry === undefined) throw new UserError(`${this.path} has no tensor ${name}`);
    return entry;
  }

  /** The bytes of a tensor, or `count` of them from `start` on. */
  async bytes(name: string, start = 0, count?: number): Promise<Uint8Array<ArrayBuffer>> {
    const { begin, end } = this.entry(name);
    return readExactly(this.#file, this.path, this.#dataStart + begin + start, count ?? end - begin - start);
  }

  /** The bytes of a tensor in order, in pieces of a bounded size that are each valid until the next is asked for. */
  async *pieces(name: string): AsyncGenerator<Uint8Array> {
    const { begin, end } = this.entry(name);
    // One buffer for all: fresh ones pile up faster than they are collected.
    const buffer = new Uint8Array(Math.min(piece, end - begin));
    for (let at = 0; at < end - begin; at += piece) {
      const part = buffer.subarray(0, Math.min(piece, end - begin - at));
      await fill(part, this.#file, this.path, this.#dataStart + begin + at);
      yield part;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

const littleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Values go to and from disk as they lie in memory. */
export function checkByteOrder(): void {
  if (!littleEndian) throw new UserError('safetensors files are little-endian, this machine is not');
}

async function readExactly(
  file: FileHandle,
  path: string,
  start: number,
  bytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const buffer = new Uint8Array(bytes);
  await fill(buffer, file, path, start);
  return buffer;
}

/** @throws UserError when the file ends before the buffer is full */
async function fill(buffer: Uint8Array, file: FileHandle, path: string, start: number): Promise<void> {
  const bytes = buffer.length;
  let done = 0;
  while (done < bytes) {
    const { bytesRead } = await file.read(buffer, done, Math.min(bytes - done, 2 ** 30), start + done);
    if (bytesRead === 0) throw new UserError(`${path} ends after ${start + done} bytes, ${bytes - done} are missing`);
    done += bytesRead;
  }
}
