// Takes: nothing but a browser.
// Gives: its workers as threads, and its event loop.
// Promises: needs no file and nothing of a bundler: a worker is started from the text of one class, as in `node-threads.ts`.
import { DeviceError } from '../device-error.ts';
import { Thread } from './thread.ts';
import type { ThreadMessage, ThreadReply } from './thread.ts';
import type { ThreadHost } from './thread-host.ts';

export const browserThreads: ThreadHost = {
  processor: 'processor', // a page is not told which
  parallelism: globalThis.navigator?.hardwareConcurrency ?? 1,
  configure() {},
  async start(count, onDeath) {
    const threads = await startThreads(count, onDeath);
    return {
      async send(messages) {
        await Promise.all(
          threads.flatMap((thread, index) => messages.slice(index, index + 1).map((message) => thread.send(message))),
        );
      },
      stop() {
        for (const thread of threads) thread.stop();
      },
    };
  },
  giveWay(callback) {
    // Timers that follow each other wait 4 ms, messages do not.
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener('message', () => {
      port1.close();
      callback();
    });
    port1.start();
    port2.postMessage(null);
  },
};

/** @throws DeviceError where the browser shares no memory, or does not let this thread wait for others. */
export function requireBrowserThreads(): void {
  // Private names turned into calls of functions outside of the class would leave its text without them.
  if (!/\.#/.test(Thread.toString())) {
    throw new DeviceError('this bundle was made for browsers older than threads need: let the bundler target es2022 or later'); // prettier-ignore
  }
  if (!globalThis.crossOriginIsolated) {
    throw new DeviceError(
      'this page is not cross-origin isolated, so threads cannot share memory; its server must send the headers\n' +
        '`Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`.',
    );
  }
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0); // returns at once where it may be called
  } catch (cause) {
    const message = 'the CPU device must be opened in a dedicated worker: the main thread of a page may not wait for other threads (Atomics.wait)'; // prettier-ignore
    throw new DeviceError(message, { cause });
  }
}

/** `Thread` attends to a port like Node's. The reply to no message says that the worker has begun. */
const source = `${Thread.source()}.attend({
  postMessage: (reply) => postMessage(reply),
  on: (_, listener) => addEventListener('message', ({ data }) => listener(data)),
});
postMessage({ fault: null });`;

/** Waits until all have begun: what they load goes through this thread's event loop, which a run would hold up. */
async function startThreads(count: number, onDeath: (reason: string) => void): Promise<BrowserThread[]> {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const threads = Array.from({ length: count }, () => new BrowserThread(url, onDeath));
  try {
    await Promise.all(threads.map(({ begun }) => begun));
    return threads;
  } catch (cause) {
    for (const thread of threads) thread.stop();
    throw cause;
  } finally {
    URL.revokeObjectURL(url);
  }
}

class BrowserThread {
  readonly #worker: Worker;
  /** Messages are answered in their order. */
  readonly #answered: ((fault: string | null) => void)[] = [];
  #stopped = false;
  readonly begun: Promise<void>;

  constructor(url: string, onDeath: (reason: string) => void) {
    this.#worker = new Worker(url, { type: 'module', name: 'modelc thread' });
    this.begun = this.#answer('cannot begin');
    this.#worker.addEventListener('message', ({ data }: MessageEvent<ThreadReply>) => this.#answered.shift()?.(data.fault)); // prettier-ignore
    this.#worker.addEventListener('error', ({ message }: ErrorEvent) => {
      const reason = message || 'the browser gives no reason; a Content-Security-Policy must allow `worker-src blob:`';
      onDeath(reason);
      for (const settle of this.#answered.splice(0)) settle(reason);
    });
  }

  send(message: ThreadMessage): Promise<void> {
    this.#worker.postMessage(message, []);
    return this.#answer('cannot take in a plan');
  }

  stop(): void {
    this.#stopped = true;
    this.#worker.terminate();
    for (const settle of this.#answered.splice(0)) settle(null);
  }

  #answer(failure: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#answered.push((fault) => {
        if (fault === null || this.#stopped) resolve();
        else reject(new DeviceError(`a thread of the CPU ${failure}: ${fault}`));
      });
    });
  }
}
