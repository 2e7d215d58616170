// Takes: the weights of a source. Gives: their bytes in a file that is being written, told to whoever watches.
// Promises: one tensor in memory at a time; ends at once when asked to.
import { bytesOfTensor, type SafetensorsWriter, type TensorForm } from '../../data/safetensors-writer.ts';
import { UserError } from '../../user-error.ts';

export interface Watcher {
  /** Bytes written, of all. */
  readonly onProgress: (done: number, all: number) => void;
  /** True when it shall end without a result. */
  readonly shouldStop: () => boolean;
}

/** Counts what is written, over all files. */
export class WatchedWriting {
  readonly #watcher: Watcher;
  readonly #all: number;
  #done = 0;

  constructor(watcher: Watcher, all: number) {
    this.#watcher = watcher;
    this.#all = all;
  }

  /** @throws UserError when it was asked to stop */
  async write(writer: SafetensorsWriter, bytes: Uint8Array): Promise<void> {
    if (this.#watcher.shouldStop()) throw new UserError('stopped; nothing was written');
    await writer.write(bytes);
    this.#done += bytes.length;
    this.#watcher.onProgress(this.#done, this.#all);
  }
}

export function bytesOfAll(forms: Iterable<TensorForm>): number {
  return [...forms].reduce((sum, form) => sum + bytesOfTensor(form), 0);
}
