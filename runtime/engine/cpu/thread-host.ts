// Takes: nothing. Gives: what the CPU device asks of the platform: threads, and turns of the event loop.
// Promises: nothing of Node or of a browser is named here.
import type { ThreadMessage } from './thread.ts';

export interface ThreadHost {
  /** e.g. `AMD EPYC`; `processor` where the platform does not tell. */
  readonly processor: string;
  /** Threads the machine runs at once. */
  readonly parallelism: number;
  /** Before the first kernel is compiled: sets the WebAssembly compiler up, where the platform lets it be. */
  configure(): void;
  /** `onDeath` is told when a thread ends by itself. */
  start(count: number, onDeath: (reason: string) => void): Promise<ThreadGroup>;
  /** Calls back after the events that wait have been handled. */
  giveWay(callback: () => void): void;
}

export interface ThreadGroup {
  /** Sends each thread its message, the first to thread 1, and waits until all have taken it in. */
  send(messages: readonly ThreadMessage[]): Promise<void>;
  stop(): void;
}
