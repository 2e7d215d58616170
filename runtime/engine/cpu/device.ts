// Takes: a host of threads, and their number.
// Gives: the CPU as a device: one memory, kernels in WebAssembly, every run shared by all threads.
// Promises: the same bits whatever the number of threads; the first fault is kept and thrown by `raise`.
import type { Plan, WasmTarget } from '../../../compiler/7-plan/plan.ts';
import { DeviceError } from '../device-error.ts';
import { at } from '../damaged-plan.ts';
import type { EngineBuffer, EngineDevice, PreparedPlan } from '../engine-device.ts';
import { spansOfSteps } from '../run-times.ts';
import type { RunTimes } from '../run-times.ts';
import { alignment } from './allocator.ts';
import { CommandQueue } from './command-queue.ts';
import { SharedMemory } from './memory.ts';
import { ModuleCache } from './module-cache.ts';
import type { CompiledKernel } from './module-cache.ts';
import { hasRelaxedSimd, hasSimd } from './simd.ts';
import { splitSteps } from './split-steps.ts';
import type { Chunks } from './split-steps.ts';
import type { PieceTimes, ThreadLoad, ThreadProgram } from './thread.ts';
import type { ThreadHost } from './thread-host.ts';
import { ThreadPool } from './thread-pool.ts';
import type { PoolProgram } from './thread-pool.ts';

/** @throws DeviceError where WebAssembly lacks vector instructions or shared memory. */
export async function openCpu(host: ThreadHost, threads: number): Promise<CpuDevice> {
  host.configure();
  if (!hasSimd()) {
    throw new DeviceError('the vector instructions of WebAssembly (SIMD) are missing here: this processor or JavaScript engine is too old for the CPU device.'); // prettier-ignore
  }
  const memory = new SharedMemory();
  let device: CpuDevice | undefined;
  const onDeath = (reason: string): void => device?.fail(`a thread of the CPU has ended: ${reason}`);
  const pool = await ThreadPool.start(host, threads, memory.memory, onDeath);
  device = new CpuDevice(host, targetOf(memory, threads), memory, pool);
  return device;
}

interface CpuBuffer extends EngineBuffer {
  readonly address: number;
}

interface Timed {
  readonly program: ThreadProgram & Chunks;
  readonly times: PieceTimes;
}

interface Scratch {
  readonly address: number;
  /** Of one thread. */
  readonly bytes: number;
}

export class CpuDevice implements EngineDevice {
  readonly kind = 'cpu';
  readonly target: WasmTarget;
  readonly tune = false;
  readonly #processor: string;
  readonly #memory: SharedMemory;
  readonly #pool: ThreadPool;
  readonly #queue: CommandQueue;
  readonly #modules = new ModuleCache();
  /** Kernels that all threads have. */
  readonly #loaded = new Set<number>();
  readonly #plans = new Map<number, Plan>();
  #scratch: Scratch = { address: 0, bytes: 0 };
  #programs = 0;
  #fault: DeviceError | undefined;
  #closed = false;

  constructor(host: ThreadHost, target: WasmTarget, memory: SharedMemory, pool: ThreadPool) {
    this.target = target;
    this.#processor = host.processor;
    this.#memory = memory;
    this.#pool = pool;
    this.#queue = new CommandQueue((callback) => host.giveWay(callback));
  }

  describe(): string {
    const { threads, features } = this.target;
    const simd = features.includes('relaxed-simd') ? 'SIMD, relaxed multiply-add' : 'SIMD';
    return `cpu: ${this.#processor}, ${threads} ${threads === 1 ? 'thread' : 'threads'} (WebAssembly ${simd})`;
  }

  raise(): void {
    if (this.#closed) throw new DeviceError('the device has been closed');
    if (this.#fault) throw this.#fault;
  }

  /** What has befallen the device, unless something has before. */
  fail(message: string): void {
    this.#fault ??= new DeviceError(message);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pool.stop();
  }

  createBuffer(bytes: number): CpuBuffer {
    const address = this.#memory.take(bytes);
    let live = true;
    const free = (): boolean => {
      this.#memory.give(address);
      return true;
    };
    return {
      size: bytes,
      address,
      destroy: () => {
        if (live) this.#queue.push(free);
        live = false;
      },
    };
  }

  write(buffer: CpuBuffer, bytes: Uint8Array): void {
    let data = bytes;
    this.#queue.push(() => {
      this.#memory.view(buffer.address, buffer.size).set(data);
      return true;
    });
    if (!this.#queue.idle) data = bytes.slice(); // it waits, and the caller may change what is his
  }

  read(buffer: CpuBuffer): Promise<ArrayBuffer> {
    return this.#afterAll(() => {
      this.raise();
      return this.#memory.view(buffer.address, buffer.size).slice().buffer;
    });
  }

  readTogether(buffers: readonly CpuBuffer[]): Promise<readonly ArrayBuffer[]> {
    return this.#afterAll(() => {
      this.raise();
      return buffers.map(({ address, size }) => this.#memory.view(address, size).slice().buffer);
    });
  }

  async prepare(plan: Plan, allocate: () => readonly CpuBuffer[]): Promise<PreparedPlan> {
    const kernels = await Promise.all(plan.kernels.map((kernel) => this.#modules.compile(kernel)));
    const program = await this.#afterAll(() => {
      this.raise();
      return this.#programOf(plan, kernels, allocate()); // what has been freed is free by now
    });
    await this.#load(plan, program, kernels);
    const { id, gates, width } = program;
    let timed: Timed | undefined;
    return {
      run: (times) => {
        for (let i = 0; i < times; i++) this.#queue.push((deadline) => this.#run({ id, width, chunks: gates.length }, deadline)); // prettier-ignore
      },
      profile: async () => {
        const start = performance.now();
        timed ??= await this.#timed(plan, program);
        return this.#profile(timed, start);
      },
      destroy: () => {
        for (const each of timed ? [id, timed.program.id] : [id]) this.#queue.push(() => this.#unload(each));
      },
    };
  }

  /** The same program, with a place for its times. */
  async #timed(plan: Plan, untimed: ThreadProgram & Chunks): Promise<Timed> {
    const count = (2 * untimed.pieces.length) / 3;
    const times = { values: new Float64Array(new SharedArrayBuffer(8 * count)), origin: performance.timeOrigin };
    const program = { ...untimed, id: ++this.#programs, times };
    await this.#load(plan, program, []);
    return { program, times };
  }

  async #profile({ program, times }: Timed, start: number): Promise<RunTimes> {
    const { id, gates, width, kernels, pieces } = program;
    const begin = performance.now();
    this.#queue.push((deadline) => this.#run({ id, width, chunks: gates.length }, deadline));
    const end = await this.#afterAll(() => {
      this.raise();
      return performance.now();
    });
    const steps = spansOfSteps(kernels.length, pieces, times.values, begin);
    return { steps, encode: { begin: start, end: begin }, submit: { begin, end: begin }, wait: { begin, end } };
  }

  #programOf(plan: Plan, kernels: readonly CompiledKernel[], buffers: readonly CpuBuffer[]): ThreadProgram & Chunks {
    const bytes = Math.ceil(plan.needs.scratchBytes / alignment) * alignment;
    if (bytes > this.#scratch.bytes) {
      // Plans loaded before keep the smaller one.
      this.#scratch = { address: this.#memory.take(bytes * this.target.threads), bytes };
    }
    return {
      id: ++this.#programs,
      kernels: plan.steps.map(({ kernel }) => at(kernels, kernel).id),
      addresses: bindSteps(plan, buffers),
      ...splitSteps(
        plan.steps.map(({ workgroups: [x, y, z] }) => x * y * z),
        this.target.threads,
      ),
      times: null,
    };
  }

  /** @throws DeviceError */
  async #load(plan: Plan, program: ThreadProgram, kernels: readonly CompiledKernel[]): Promise<void> {
    try {
      await this.#send(program, kernels);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new DeviceError(`the device refuses the plan ${plan.name}: ${reason}`, { cause });
    }
    this.raise();
    this.#plans.set(program.id, plan);
  }

  async #send(program: ThreadProgram, compiled: readonly CompiledKernel[]): Promise<void> {
    const fresh = new Map(compiled.filter(({ id }) => !this.#loaded.has(id)).map(({ id, module }) => [id, module]));
    const { address, bytes } = this.#scratch;
    const load = (thread: number): ThreadLoad => ({
      kind: 'load',
      kernels: [...fresh],
      program,
      scratch: address + thread * bytes,
    });
    await this.#pool.load(Array.from({ length: this.target.threads }, (_, thread) => load(thread)));
    for (const id of fresh.keys()) this.#loaded.add(id);
  }

  #run(program: PoolProgram, deadline: number): boolean {
    if (this.#closed || this.#fault) return true;
    if (!this.#pool.run(program, deadline)) return false;
    const fault = this.#pool.fault();
    if (!fault) return true;
    const plan = this.#plans.get(fault.program);
    const kernel = plan?.kernels[plan.steps[fault.step]?.kernel ?? -1];
    this.fail(`kernel ${kernel?.name ?? '?'} of the plan ${plan?.name ?? '?'} failed: ${fault.reason}`);
    return true;
  }

  #unload(id: number): boolean {
    this.#plans.delete(id);
    if (!this.#closed) this.#pool.unload(id);
    return true;
  }

  /** What `act` gives when all commands before it have taken effect. */
  #afterAll<T>(act: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#queue.push(() => {
        try {
          resolve(act());
        } catch (cause) {
          reject(cause);
        }
        return true;
      });
    });
  }
}

function targetOf({ maxBytes }: SharedMemory, threads: number): WasmTarget {
  const whole = maxBytes - alignment * 8; // but for what lies before the first and behind the last place
  return {
    kind: 'wasm',
    features: hasRelaxedSimd() ? ['relaxed-simd'] : [],
    threads,
    maxBindingBytes: whole,
    maxBufferBytes: whole,
    maxTotalBytes: whole,
    maxStorageBindings: 64,
    maxInvocations: 1,
    maxWorkgroupStorage: 0,
    maxWorkgroupsPerDimension: 2 ** 31 - 1,
  };
}

/** Addresses of every step's bindings. @throws DeviceError when one reaches past its buffer. */
function bindSteps(plan: Plan, buffers: readonly CpuBuffer[]): number[][] {
  return plan.steps.map(({ bindings }, step) =>
    bindings.map(({ buffer, offset, bytes }, binding) => {
      const { address, size } = at(buffers, buffer);
      if (offset + bytes > size) {
        throw new DeviceError(`the device refuses the plan ${plan.name}: binding ${binding} of step ${step} ends at byte ${offset + bytes} of a buffer of ${size}`); // prettier-ignore
      }
      return address + offset;
    }),
  );
}
