// Takes: a prepared Plan and its buffers.
// Gives: runs of it, its inputs and outputs by name.
// Promises: writes, runs and reads happen in the order they were asked for.
import type { Plan, PlanTensor } from '../../compiler/7-plan/plan.ts';
import { at } from './damaged-plan.ts';
import { elementCount, fromBytes, toBytes } from './data/tensor-data.ts';
import type { TensorData } from './data/tensor-data.ts';
import { DeviceError } from './device-error.ts';
import type { EngineBuffer, EngineDevice, PreparedPlan } from './engine-device.ts';
import type { RunTimes } from './run-times.ts';

interface Bound {
  readonly prepared: PreparedPlan;
  readonly buffers: readonly EngineBuffer[];
  /** Buffers no other plan uses. */
  readonly own: readonly EngineBuffer[];
}

export interface ExecutableStats {
  readonly dispatches: number;
  readonly kernels: number;
  readonly arenaBytes: number;
  readonly tensorBytes: number;
}

export class Executable {
  readonly plan: Plan;
  readonly name: string;
  readonly tensors: readonly PlanTensor[];
  readonly stats: ExecutableStats;
  readonly #device: EngineDevice;
  readonly #bound: Bound;
  readonly #named: ReadonlyMap<string, PlanTensor>;

  constructor(device: EngineDevice, plan: Plan, bound: Bound) {
    this.plan = plan;
    this.name = plan.name;
    this.tensors = plan.tensors;
    this.#device = device;
    this.#bound = bound;
    this.#named = new Map(plan.tensors.map((tensor) => [tensor.name, tensor]));
    const bytes = (kind: 'arena' | 'tensor'): number =>
      plan.buffers.reduce((sum, buffer) => sum + (buffer.kind === kind ? buffer.bytes : 0), 0);
    this.stats = {
      dispatches: plan.steps.length,
      kernels: plan.kernels.length,
      arenaBytes: bytes('arena'),
      tensorBytes: bytes('tensor'),
    };
  }

  /** Queued before the next run. @throws DeviceError when name, type or length do not fit an input of the plan. */
  write(input: string, data: TensorData): void {
    const tensor = this.#find(input, 'input');
    this.#device.write(this.#buffer(tensor), toBytes(tensor, data));
  }

  /** Writes a scalar input, or fills all of an input with one number. */
  fill(input: string, value: number): void {
    const { type, shape } = this.#find(input, 'input');
    const array = { f32: Float32Array, f16: Float32Array, i32: Int32Array, u32: Uint32Array }[type];
    this.write(input, new array(elementCount(shape)).fill(value));
  }

  /** Queues one run, or more that go on from each other's states, and returns; faults show at the next read. */
  run(times = 1): void {
    this.#bound.prepared.run(times);
  }

  /**
   * One run as `run`, and when each step of the plan ran; ask for nothing else until it has come.
   * @throws DeviceError when the device cannot time its kernels, or has failed.
   */
  profile(): Promise<RunTimes> {
    return this.#bound.prepared.profile();
  }

  /** The output after all runs so far. @throws DeviceError when the device has failed. */
  async read(output: string): Promise<TensorData> {
    const tensor = this.#find(output, 'output');
    return fromBytes(tensor, await this.#device.read(this.#buffer(tensor)));
  }

  /** Several small outputs after all runs so far, by one way to the device. @throws DeviceError when the device has failed. */
  async readTogether(outputs: readonly string[]): Promise<readonly TensorData[]> {
    const tensors = outputs.map((output) => this.#find(output, 'output'));
    const read = await this.#device.readTogether(tensors.map((tensor) => this.#buffer(tensor)));
    return tensors.map((tensor, i) => fromBytes(tensor, at(read, i)));
  }

  /** Frees what this plan alone uses: inputs, outputs, constants. */
  destroy(): void {
    this.#bound.prepared.destroy();
    for (const buffer of this.#bound.own) buffer.destroy();
  }

  #find(name: string, role: 'input' | 'output'): PlanTensor {
    const tensor = this.#named.get(name);
    if (tensor?.role === role) return tensor;
    const known = this.tensors.filter((one) => one.role === role).map((one) => one.name);
    throw new DeviceError(`the plan ${this.name} has no ${role} ${name}; it has ${known.join(', ') || 'none'}`);
  }

  #buffer(tensor: PlanTensor): EngineBuffer {
    const buffer = this.#bound.buffers[tensor.buffer];
    if (!buffer) throw new DeviceError(`the plan ${this.name} has no buffer for ${tensor.name}; it is damaged`);
    return buffer;
  }
}
