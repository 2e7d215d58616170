// Takes: sizes in bytes.
// Gives: places in one WebAssembly memory that all threads share.
// Promises: places hold zeros; behind each lie 64 bytes that may be read; at most 4 GiB, what 32-bit addresses reach.
import { DeviceError } from '../device-error.ts';
import { Allocator } from './allocator.ts';

const pageBytes = 65536;
const spareBytes = 64;
/** Grown by this much at least, so that many small buffers do not grow it each. */
const growPages = 256;
/** In pages. The whole maximum is reserved at once, which limits of the system on addresses may refuse. */
const maxima = [65536, 49152, 32768, 16384, 8192, 4096];

export class SharedMemory {
  readonly memory: WebAssembly.Memory;
  /** Of all places together. */
  readonly maxBytes: number;
  /** Nothing lies at address 0. */
  readonly #allocator = new Allocator(1024);
  #pages = 1;
  /** Above it no place has ever been, so all is zero. */
  #touched = 0;

  /** @throws DeviceError when the system gives no memory at all. */
  constructor() {
    const [memory, maximum] = reserve();
    this.memory = memory;
    this.maxBytes = maximum * pageBytes - pageBytes; // the last page is left out: an end must not be address 2^32
  }

  /** The address of `bytes` zeros. @throws DeviceError when memory runs out. */
  take(bytes: number): number {
    const address = this.#allocator.take(bytes + spareBytes, this.maxBytes);
    if (address === null) throw new DeviceError(this.#outOfMemory(bytes, 'addresses'));
    try {
      this.#reach(this.#allocator.end);
    } catch {
      this.#allocator.give(address);
      throw new DeviceError(this.#outOfMemory(bytes, 'system'));
    }
    const end = Math.min(address + bytes + spareBytes, this.#touched);
    if (address < end) this.view(address, end - address).fill(0);
    this.#touched = Math.max(this.#touched, this.#allocator.end);
    return address;
  }

  give(address: number): void {
    this.#allocator.give(address);
  }

  /** Not to be kept: growth makes another buffer. */
  view(address: number, bytes: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, address, bytes);
  }

  #reach(end: number): void {
    const needed = Math.ceil(end / pageBytes) - this.#pages;
    if (needed <= 0) return;
    const most = this.maxBytes / pageBytes - this.#pages;
    const generous = Math.min(most, Math.max(needed, growPages));
    try {
      this.memory.grow(generous);
      this.#pages += generous;
    } catch {
      this.memory.grow(needed);
      this.#pages += needed;
    }
  }

  #outOfMemory(bytes: number, cause: 'addresses' | 'system'): string {
    const { used } = this.#allocator;
    const why =
      cause === 'system'
        ? 'the system gives no more'
        : `the limit is ${mib(this.maxBytes)}: 32-bit WebAssembly addresses at most 4 GiB`;
    return (
      `memory ran out on the CPU: ${mib(bytes)} more are needed where ${mib(used)} are taken, and ${why}.\n` +
      'A smaller batch, a shorter context or `accumulate` in the train block needs less.'
    );
  }
}

function reserve(): [WebAssembly.Memory, number] {
  let refusal: unknown;
  for (const maximum of maxima) {
    try {
      return [new WebAssembly.Memory({ initial: 1, maximum, shared: true }), maximum];
    } catch (cause) {
      refusal = cause;
    }
  }
  const reason = refusal instanceof Error ? refusal.message : String(refusal);
  throw new DeviceError(`WebAssembly gives no shared memory here: ${reason}`, { cause: refusal });
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
