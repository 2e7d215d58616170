// Takes: nothing. Gives: what a device is to sessions and executables, whatever it computes with.
// Promises: writes, runs, reads and frees take effect in the order they were asked for.
import type { Plan, Target } from '../../compiler/7-plan/plan.ts';
import type { RunTimes } from './run-times.ts';

export interface EngineDevice {
  readonly kind: 'gpu' | 'cpu';
  /** What Plans for it are made for. */
  readonly target: Target;
  /** Whether kernels may be timed on it, to choose among several. */
  readonly tune: boolean;
  /** e.g. `adapter: llvmpipe (software, Mesa 25.0.7, LLVM 15)`, `cpu: AMD EPYC, 2 threads (WebAssembly SIMD)`. */
  describe(): string;
  /** @throws DeviceError when the device has failed since it was opened: the first fault is kept. */
  raise(): void;
  /** The device is gone afterwards; Node can end. */
  close(): void;
  /** Zeros. */
  createBuffer(bytes: number): EngineBuffer;
  /** Seen by all runs after it and by none before. */
  write(buffer: EngineBuffer, bytes: Uint8Array): void;
  /** All of the buffer, after all runs so far. @throws DeviceError when the device failed before or during the read. */
  read(buffer: EngineBuffer): Promise<ArrayBuffer>;
  /** Several small buffers at once, by one way to the device. @throws DeviceError as `read`. */
  readTogether(buffers: readonly EngineBuffer[]): Promise<readonly ArrayBuffer[]>;
  /**
   * Compiles the plan's kernels and binds its steps to the buffers that `allocate` makes, one for each of the plan's.
   * @throws DeviceError when memory runs out, or a kernel or a step is refused.
   */
  prepare(plan: Plan, allocate: () => readonly EngineBuffer[]): Promise<PreparedPlan>;
}

export interface EngineBuffer {
  readonly size: number;
  destroy(): void;
}

export interface PreparedPlan {
  /** Queues so many runs, one after another, and returns; faults show at the next read. */
  run(times: number): void;
  /**
   * One run, and when each step ran. Nothing else may be asked of the device until it has come.
   * @throws DeviceError when the device cannot time its kernels, or fails.
   */
  profile(): Promise<RunTimes>;
  /** Frees what the device holds for the plan beside its buffers. */
  destroy(): void;
}
