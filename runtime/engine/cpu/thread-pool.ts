// Takes: a host of threads, and how many there are to be with the calling one.
// Gives: runs of programs by all of them.
// Promises: the calling thread takes part and never waits longer than it is told; threads that sleep are not waited for.
import { Thread } from './thread.ts';
import type { ThreadLoad, ThreadMessage } from './thread.ts';
import type { ThreadGroup, ThreadHost } from './thread-host.ts';

export interface KernelFault {
  readonly program: number;
  readonly step: number;
  readonly reason: string;
}

/** A program and how many of its chunks there are, and can run at once. */
export interface PoolProgram {
  readonly id: number;
  readonly chunks: number;
  readonly width: number;
}

/** Room for the words of `Thread`, and for the reason of a fault. */
const controlWords = 512;

export class ThreadPool {
  readonly #control = new Int32Array(new SharedArrayBuffer(4 * controlWords));
  readonly #self: Thread;
  readonly #group: ThreadGroup | null;
  readonly #others: number;
  #ready: Promise<void> = Promise.resolve();
  #runs = 0;
  #begun = false;
  /** All chunks of the run have been taken. */
  #taken = false;

  private constructor(self: (control: Int32Array) => Thread, group: ThreadGroup | null, others: number) {
    this.#self = self(this.#control);
    this.#group = group;
    this.#others = others;
  }

  static async start(
    host: ThreadHost,
    threads: number,
    memory: WebAssembly.Memory,
    onDeath: (reason: string) => void,
  ): Promise<ThreadPool> {
    const others = threads - 1;
    const group = others > 0 ? await host.start(others, onDeath) : null;
    const pool = new ThreadPool((control) => new Thread({ kind: 'setup', control, memory }), group, others);
    const setup = { kind: 'setup', control: pool.#control, memory } as const;
    pool.#ready = pool.#send(Array.from({ length: others }, () => setup)); // not waited for: kernels are compiled meanwhile
    pool.#ready.catch(() => {}); // told of by the first load
    return pool;
  }

  /** `loads`: one for every thread. @throws what WebAssembly says against a kernel. */
  async load(loads: readonly ThreadLoad[]): Promise<void> {
    const [first, ...rest] = loads;
    if (first) this.#self.take(first);
    await this.#ready;
    await this.#send(rest);
  }

  unload(program: number): void {
    const message = { kind: 'unload', program } as const;
    this.#self.take(message);
    void this.#send(Array.from({ length: this.#others }, () => message)).catch(() => {}); // a thread that has died is told of by its death
  }

  /** Runs the program (true), or as much of it as there is time for (false; then it is to be called again). */
  run(program: PoolProgram, deadline: number): boolean {
    if (!this.#begun && !this.#begin(program, deadline)) return false;
    this.#taken ||= this.#self.work(program.id, deadline);
    if (!this.#taken || !this.#self.reach(program.chunks, deadline)) return false;
    this.#begun = false;
    Atomics.store(this.#control, this.#self.word.open, 0);
    return true;
  }

  /** The first kernel that trapped. */
  fault(): KernelFault | null {
    const { fault, faultProgram, faultLength, faultText } = this.#self.word;
    const control = this.#control;
    const step = Atomics.load(control, fault) - 1;
    if (step < 0) return null;
    const characters = control.subarray(faultText, faultText + (control[faultLength] ?? 0));
    return { program: control[faultProgram] ?? 0, step, reason: String.fromCharCode(...characters) };
  }

  stop(): void {
    this.#group?.stop();
  }

  #begin(program: PoolProgram, deadline: number): boolean {
    const control = this.#control;
    const { open, next, done, idle, inside, signal } = this.#self.word;
    if (!this.#left(inside, deadline)) return false;
    this.#begun = true;
    this.#taken = false;
    Atomics.store(control, next, 0);
    Atomics.store(control, done, 0);
    if (this.#others === 0 || program.width < 2) return true;
    Atomics.store(control, this.#self.word.program, program.id);
    this.#runs = (this.#runs + 1) & 0x3fffffff || 1;
    Atomics.store(control, open, this.#runs);
    Atomics.add(control, signal, 1);
    if (Atomics.load(control, idle) > 0) Atomics.notify(control, signal, Math.min(2, program.width - 1)); // they wake others
    return true;
  }

  /** Waits for threads that are still on their way out of the last run: they have nothing left to do in it. */
  #left(inside: number, deadline: number): boolean {
    for (;;) {
      for (let i = 0; i < 1000; i++) if (Atomics.load(this.#control, inside) === 0) return true;
      const count = Atomics.load(this.#control, inside);
      if (count > 0) Atomics.wait(this.#control, inside, count, 1);
      if (performance.now() >= deadline) return false;
    }
  }

  async #send(messages: readonly ThreadMessage[]): Promise<void> {
    if (!this.#group || messages.length === 0) return;
    Atomics.add(this.#control, this.#self.word.messages, 1);
    Atomics.add(this.#control, this.#self.word.signal, 1);
    Atomics.notify(this.#control, this.#self.word.signal);
    await this.#group.send(messages);
  }
}
