// Takes: buffers of an adapter and bytes.
// Gives: writes in pieces, and reads through mapped staging buffers.
// Promises: a read sees all runs submitted before it; no piece is larger than 64 MiB; a fault of the device is thrown.
import { DeviceError } from '../device-error.ts';
import type { Wait } from './wait.ts';

const pieceBytes = 64 * 1024 * 1024;

export const usage = { mapRead: 0x1, copySource: 0x4, copyTarget: 0x8, storage: 0x80, queryResolve: 0x200 } as const;

export function writeBuffer(gpu: GPUDevice, buffer: GPUBuffer, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
    gpu.queue.writeBuffer(buffer, at, bytes, at, Math.min(pieceBytes, bytes.byteLength - at));
  }
}

/** Bytes [offset, offset + size) of a buffer, which come to lie at `at`. */
interface Piece {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
  readonly at: number;
}

/** Staging buffers are kept for the next read. */
export class StagingPool {
  readonly #gpu: GPUDevice;
  readonly #raise: () => void;
  readonly #wait: Wait;
  readonly #free: GPUBuffer[] = [];

  /** `raise` throws the device's fault, if it has one. */
  constructor(gpu: GPUDevice, raise: () => void, wait: Wait) {
    this.#gpu = gpu;
    this.#raise = raise;
    this.#wait = wait;
  }

  /** @throws DeviceError when the device failed before or during the read. */
  async read(buffer: GPUBuffer): Promise<ArrayBuffer> {
    this.#raise();
    const whole = new Uint8Array(buffer.size);
    for (let at = 0; at < buffer.size; at += pieceBytes) {
      const size = Math.min(pieceBytes, buffer.size - at);
      // oxlint-disable-next-line no-await-in-loop -- one piece at a time is the point: staging memory stays small
      await this.#readPiece(buffer, at, whole.subarray(at, at + size));
    }
    return whole.buffer;
  }

  /** All of each, through one staging buffer. @throws DeviceError as `read`. */
  async readTogether(buffers: readonly GPUBuffer[]): Promise<readonly ArrayBuffer[]> {
    this.#raise();
    const whole = new Uint8Array(buffers.reduce((sum, { size }) => sum + size, 0));
    let at = 0;
    const pieces = buffers.map((buffer) => ({ buffer, offset: 0, size: buffer.size, at: (at += buffer.size) - buffer.size })); // prettier-ignore
    await this.#readPieces(pieces, whole);
    return pieces.map((piece) => whole.slice(piece.at, piece.at + piece.size).buffer);
  }

  #readPiece(buffer: GPUBuffer, offset: number, target: Uint8Array): Promise<void> {
    return this.#readPieces([{ buffer, offset, size: target.byteLength, at: 0 }], target);
  }

  async #readPieces(pieces: readonly Piece[], target: Uint8Array): Promise<void> {
    const staging = this.#take(target.byteLength);
    const encoder = this.#gpu.createCommandEncoder();
    for (const { buffer, offset, size, at } of pieces) encoder.copyBufferToBuffer(buffer, offset, staging, at, size);
    this.#gpu.queue.submit([encoder.finish()]);
    try {
      await this.#wait(staging.mapAsync(1, 0, target.byteLength));
    } catch (cause) {
      staging.destroy();
      await settle();
      this.#raise();
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new DeviceError(`reading from the device failed: ${reason}`, { cause });
    }
    target.set(new Uint8Array(staging.getMappedRange(0, target.byteLength)));
    staging.unmap();
    this.#free.push(staging);
    this.#raise();
  }

  #take(bytes: number): GPUBuffer {
    const at = this.#free.findIndex((buffer) => buffer.size >= bytes);
    const [found] = at < 0 ? [] : this.#free.splice(at, 1);
    return found ?? this.#gpu.createBuffer({ size: bytes, usage: usage.mapRead | usage.copyTarget });
  }

  destroy(): void {
    for (const buffer of this.#free.splice(0)) buffer.destroy();
  }
}

/** Lets what Dawn has to report come in. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
