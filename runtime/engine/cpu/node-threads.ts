// Takes: nothing but Node.
// Gives: its worker threads, its event loop, and WebAssembly set up for kernels.
// Promises: works from TypeScript, from dist and from a bundle alike: a worker is started from the text of one class, not
// from a file. Threads do not keep the process alive, but while a message waits for its answer.
import { availableParallelism, cpus } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { DeviceError } from '../device-error.ts';
import { hasRelaxedSimd } from './simd.ts';
import { Thread } from './thread.ts';
import type { ThreadMessage, ThreadReply } from './thread.ts';
import type { ThreadHost } from './thread-host.ts';

export const nodeThreads: ThreadHost = {
  processor: processorName(cpus()[0]?.model ?? ''),
  parallelism: availableParallelism(),
  configure() {
    // Off by default in Node 20, and no longer an option where it is on.
    if (!hasRelaxedSimd()) setFlagsFromString('--experimental-wasm-relaxed-simd');
    // Kernels are loops: optimized at once, their first run is as fast as all others.
    setFlagsFromString('--no-liftoff');
  },
  start(count, onDeath) {
    const threads = Array.from({ length: count }, () => new NodeThread(onDeath));
    return Promise.resolve({
      async send(messages) {
        await Promise.all(
          threads.flatMap((thread, index) => messages.slice(index, index + 1).map((message) => thread.send(message))),
        );
      },
      stop() {
        for (const thread of threads) thread.stop();
      },
    });
  },
  giveWay: (callback) => void setImmediate(callback),
};

const source = `${Thread.source()}.attend(require('node:worker_threads').parentPort);`;

class NodeThread {
  /** A loader for TypeScript, say, which `execArgv` may hold, is of no use to it and would take long. */
  readonly #worker = new Worker(source, { eval: true, execArgv: [] });
  /** Messages are answered in their order. */
  readonly #answered: ((fault: string | null) => void)[] = [];
  #stopped = false;

  constructor(onDeath: (reason: string) => void) {
    this.#worker.unref();
    this.#worker.on('message', ({ fault }: ThreadReply) => this.#answer(fault));
    let reason = 'it has ended';
    this.#worker.on('error', (error) => (reason = error.message));
    this.#worker.on('exit', () => {
      if (!this.#stopped) onDeath(reason);
      while (this.#answered.length > 0) this.#answer(reason);
    });
  }

  send(message: ThreadMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#answered.push((fault) => {
        if (fault === null || this.#stopped) resolve();
        else reject(new DeviceError(`a thread of the CPU cannot take in a plan: ${fault}`));
      });
      this.#worker.ref();
      this.#worker.postMessage(message, []);
    });
  }

  stop(): void {
    this.#stopped = true;
    void this.#worker.terminate();
  }

  #answer(fault: string | null): void {
    this.#answered.shift()?.(fault);
    if (this.#answered.length === 0) this.#worker.unref();
  }
}

/** `Intel(R) Xeon(R) CPU E5-2673 v4 @ 2.30GHz` -> `Intel Xeon E5-2673 v4`. */
export function processorName(model: string): string {
  const name = model
    .replaceAll(/\((R|TM|C)\)|\bCPU\b|\b\d+-Core\b|\bProcessor\b|@.*$/gi, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return name === '' ? 'processor' : name;
}
