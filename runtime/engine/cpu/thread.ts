// Takes: compiled kernels, plans cut into chunks, and words of shared memory by which threads agree.
// Gives: one thread's share of every run.
// Promises: every chunk is run once, after all chunks before its gate; a kernel that traps stops no thread; a thread that has
// nothing to do sleeps. The text of the class is a program of its own (`Thread.source`): it names nothing but the language's
// globals, not even itself: tsc puts another name in the place of that one.

/** A plan as threads run it. Chunks are numbered through; each is some workgroups of one step, or some small steps whole. */
export interface ThreadProgram {
  readonly id: number;
  /** Number of the kernel, for every step. */
  readonly kernels: readonly number[];
  /** Addresses of the bindings, for every step. */
  readonly addresses: readonly (readonly number[])[];
  /** (step, first workgroup, end), one after another. */
  readonly pieces: Int32Array;
  /** Chunk c runs the pieces starts[c] to starts[c + 1]. */
  readonly starts: Int32Array;
  /** Chunk c may run when all chunks before gates[c] have run. */
  readonly gates: Int32Array;
  /** The first chunk after c whose gate is another. */
  readonly ends: Int32Array;
  /** Where the times of a run go; null: it is not timed. */
  readonly times: PieceTimes | null;
}

export interface PieceTimes {
  /** (begin, end) of every piece, in milliseconds from `origin` on; shared by all threads. */
  readonly values: Float64Array;
  /** As `performance.timeOrigin`. */
  readonly origin: number;
}

export interface ThreadSetup {
  readonly kind: 'setup';
  readonly control: Int32Array;
  readonly memory: WebAssembly.Memory;
}

export interface ThreadLoad {
  readonly kind: 'load';
  /** Those the thread has not got before. */
  readonly kernels: readonly (readonly [number, WebAssembly.Module])[];
  readonly program: ThreadProgram;
  /** Address of the thread's scratch memory. */
  readonly scratch: number;
}

export type ThreadMessage = ThreadSetup | ThreadLoad | { readonly kind: 'unload'; readonly program: number };

type Kernel = (...numbers: readonly number[]) => void;

/** What a worker thread is given to talk with: Node's `parentPort`, or the scope of a browser's worker. */
export interface ThreadPort {
  postMessage(reply: ThreadReply): void;
  on(event: 'message', listener: (message: ThreadMessage) => void): void;
}

/** Why a message could not be taken in. */
export interface ThreadReply {
  readonly fault: string | null;
}

interface Loaded {
  readonly program: ThreadProgram;
  readonly steps: readonly { readonly kernel: Kernel; readonly numbers: number[] }[];
}

export class Thread {
  /** Indices into `control`; those that threads fight over lie on cache lines of their own. */
  readonly word = {
    /** Number of the run in progress; 0 between runs. */
    open: 0,
    /** Id of its program. */
    program: 1,
    /** Counts what idle threads must look at: runs that begin, and messages. */
    signal: 2,
    /** Messages sent. */
    messages: 3,
    /** Threads asleep between runs. */
    idle: 4,
    /** The next chunk to take. */
    next: 16,
    /** Chunks that have run. */
    done: 32,
    /** Threads asleep at a gate. */
    waiting: 48,
    /** Threads inside the run, but for the one that began it. */
    inside: 64,
    /** 1 + the step whose kernel trapped first; then its program, and the length and characters of the reason. */
    fault: 80,
    faultProgram: 81,
    faultLength: 82,
    faultText: 83,
  };
  /** Milliseconds a thread looks on before it sleeps: at a gate, and between runs. */
  readonly #spin = { gate: 0.05, idle: 0.1 };

  readonly #control: Int32Array;
  readonly #memory: WebAssembly.Memory;
  readonly #kernels = new Map<number, Kernel>();
  readonly #programs = new Map<number, Loaded>();
  /** A chunk that is taken and has not run. */
  #held = -1;
  #messages = 1;
  #lastRun = 0;

  constructor({ control, memory }: ThreadSetup) {
    this.#control = control;
    this.#memory = memory;
  }

  /** The class as an expression that a worker evaluates. */
  static source(): string {
    const text = this.toString();
    // Where it keeps names, esbuild calls a function of its own in the text: it gives its first argument back.
    const keepName = /static\s*\{\s*([\w$]+)\(this/.exec(text)?.[1] ?? '__name';
    return `((${keepName}) => ${text})((value) => value)`;
  }

  /** A worker thread's whole life: messages, and runs between them. */
  static attend(port: ThreadPort): void {
    let thread: Thread | undefined;
    port.on('message', (message) => {
      let fault: string | null = null;
      try {
        if (message.kind === 'setup') thread = new this(message);
        else if (thread) thread.take(message);
        else throw new Error('it has not been set up');
      } catch (cause) {
        fault = cause instanceof Error ? cause.message : String(cause);
      }
      port.postMessage({ fault });
      if (thread) thread.#serve(message.kind === 'setup');
    });
  }

  /** @throws what WebAssembly says against a kernel. */
  take(message: Exclude<ThreadMessage, ThreadSetup>): void {
    if (message.kind === 'unload') {
      this.#programs.delete(message.program);
      return;
    }
    const { kernels, program, scratch } = message;
    for (const [id, module] of kernels) {
      const { exports } = new WebAssembly.Instance(module, { env: { memory: this.#memory } });
      this.#kernels.set(id, exports['main'] as Kernel);
    }
    const steps = program.kernels.map((id, step) => {
      const kernel = this.#kernels.get(id);
      if (!kernel) throw new Error(`kernel ${id} has not been loaded`);
      return { kernel, numbers: [...(program.addresses[step] ?? []), scratch, 0, 0].map((number) => number | 0) };
    });
    this.#programs.set(program.id, { program, steps });
  }

  /** Runs chunks until there are none left to take (true) or the time has come (false; then it may be called again). */
  work(id: number, deadline: number): boolean {
    const loaded = this.#programs.get(id);
    if (!loaded) return true;
    const control = this.#control;
    const { next, done, waiting } = this.word;
    const { gates, ends } = loaded.program;
    for (;;) {
      if (this.#held < 0) {
        if (deadline < Infinity && performance.now() >= deadline) return false;
        const chunk = Atomics.add(control, next, 1);
        if (chunk >= gates.length) return true;
        this.#held = chunk;
      }
      const chunk = this.#held;
      if (!this.reach(gates[chunk] ?? 0, deadline)) return false;
      this.#run(loaded, chunk);
      this.#held = -1;
      const count = Atomics.add(control, done, 1) + 1;
      if (count === ends[chunk] && Atomics.load(control, waiting) > 0) Atomics.notify(control, done);
    }
  }

  /** Waits until so many chunks have run (true), or the time has come (false). */
  reach(chunks: number, deadline: number): boolean {
    const control = this.#control;
    const { done, waiting } = this.word;
    if (Atomics.load(control, done) >= chunks) return true;
    const patience = performance.now() + this.#spin.gate;
    while (performance.now() < patience) {
      for (let i = 0; i < 50; i++) if (Atomics.load(control, done) >= chunks) return true;
    }
    for (;;) {
      Atomics.add(control, waiting, 1);
      const seen = Atomics.load(control, done);
      if (seen < chunks) Atomics.wait(control, done, seen, deadline - performance.now());
      Atomics.sub(control, waiting, 1);
      if (Atomics.load(control, done) >= chunks) return true;
      if (performance.now() >= deadline) return false;
    }
  }

  #run({ program, steps }: Loaded, chunk: number): void {
    const { pieces, starts, times } = program;
    const end = starts[chunk + 1] ?? 0;
    for (let piece = starts[chunk] ?? 0; piece < end; piece++) {
      if (Atomics.load(this.#control, this.word.fault) !== 0) return;
      const step = pieces[3 * piece] ?? 0;
      const bound = steps[step];
      if (!bound) return;
      const { kernel, numbers } = bound;
      numbers[numbers.length - 2] = pieces[3 * piece + 1] ?? 0;
      numbers[numbers.length - 1] = pieces[3 * piece + 2] ?? 0;
      if (times) times.values[2 * piece] = this.#clock(times);
      try {
        kernel(...numbers);
      } catch (cause) {
        this.#fail(program.id, step, cause instanceof Error ? cause.message : String(cause));
      }
      if (times) times.values[2 * piece + 1] = this.#clock(times);
    }
  }

  #clock({ origin }: PieceTimes): number {
    return performance.timeOrigin - origin + performance.now();
  }

  #fail(program: number, step: number, reason: string): void {
    const control = this.#control;
    const { fault, faultProgram, faultLength, faultText } = this.word;
    if (Atomics.compareExchange(control, fault, 0, step + 1) !== 0) return;
    const length = Math.min(reason.length, control.length - faultText);
    control[faultProgram] = program;
    control[faultLength] = length;
    for (let i = 0; i < length; i++) control[faultText + i] = reason.charCodeAt(i);
  }

  /** Takes part in runs until a message comes. */
  #serve(first: boolean): void {
    const control = this.#control;
    const { open, program, signal, messages, idle, inside } = this.word;
    if (!first) this.#messages++;
    for (;;) {
      const seen = Atomics.load(control, signal);
      if (Atomics.load(control, messages) !== this.#messages) return;
      const run = Atomics.load(control, open);
      if (run === 0 || run === this.#lastRun) {
        this.#rest(seen);
        continue;
      }
      // Once a thread is inside and the run is still this one, its words stay until the thread is outside again.
      Atomics.add(control, inside, 1);
      if (Atomics.load(control, open) === run) {
        // Waking costs 10 us a thread: those that are awake share it.
        if (Atomics.load(control, idle) > 0) Atomics.notify(control, signal, 1);
        this.work(Atomics.load(control, program), Infinity);
        this.#lastRun = run;
      }
      if (Atomics.sub(control, inside, 1) === 1) Atomics.notify(control, inside);
    }
  }

  /** Until the signal is no longer `seen`. */
  #rest(seen: number): void {
    const control = this.#control;
    const { signal, idle } = this.word;
    const patience = performance.now() + this.#spin.idle;
    while (performance.now() < patience) {
      for (let i = 0; i < 50; i++) if (Atomics.load(control, signal) !== seen) return;
    }
    Atomics.add(control, idle, 1);
    Atomics.wait(control, signal, seen);
    Atomics.sub(control, idle, 1);
  }
}
