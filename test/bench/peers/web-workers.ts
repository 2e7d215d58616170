// Takes: nothing. Gives: as much of the Web Workers of browsers as jax-js uses, on Node's threads.
// Promises: as many as the machine runs threads at once; a worker runs the text of a blob and keeps no process alive.
import { resolveObjectURL } from 'node:buffer';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

const scope = `
const { parentPort } = require('node:worker_threads');
globalThis.self = globalThis;
globalThis.postMessage = (message) => parentPort.postMessage(message);
parentPort.on('message', (data) => self.onmessage({ data }));
`;

class WebWorker {
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  onerror: ((error: Error) => void) | null = null;
  readonly #started: Promise<Worker>;

  constructor(url: string) {
    this.#started = this.#start(url);
  }

  postMessage(message: unknown): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of Node, not a window
    void this.#started.then((worker) => worker.postMessage(message));
  }

  async #start(url: string): Promise<Worker> {
    const text = await resolveObjectURL(url)?.text();
    const worker = new Worker(scope + (text ?? ''), { eval: true, execArgv: [] });
    worker.unref();
    worker.on('message', (data: unknown) => this.onmessage?.({ data }));
    worker.on('error', (error) => this.onerror?.(error instanceof Error ? error : new Error(String(error))));
    return worker;
  }
}

/** Before jax-js is imported: it looks for `Worker` and for the number of processors. */
export function lendWebWorkers(): void {
  const navigator = { hardwareConcurrency: availableParallelism(), userAgent: 'node' };
  for (const [name, value] of Object.entries({ Worker: WebWorker, navigator }))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
