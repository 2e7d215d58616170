// Takes: a loaded Plan: pipelines, bind groups and buffers that stand ready.
// Gives: runs of it.
// Promises: a run is one compute pass over a recorded list; nothing is allocated or looked up in it.
import type { Plan, PlanTensor } from '../../compiler/7-plan/plan.ts';
import type { EngineDevice } from './device.ts';
import { DeviceError } from './device-error.ts';
import { elementCount, fromBytes, toBytes } from './data/tensor-data.ts';
import type { TensorData } from './data/tensor-data.ts';
import { writeBuffer } from './data/transfer.ts';
import type { StagingPool } from './data/transfer.ts';

export interface BoundStep {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

interface Bound {
  readonly steps: readonly BoundStep[];
  readonly buffers: readonly GPUBuffer[];
  /** Buffers no other plan uses. */
  readonly own: readonly GPUBuffer[];
}

export interface ExecutableStats {
  readonly dispatches: number;
  readonly kernels: number;
  readonly arenaBytes: number;
  readonly tensorBytes: number;
}

export class Executable {
  readonly name: string;
  readonly tensors: readonly PlanTensor[];
  readonly stats: ExecutableStats;
  readonly #device: EngineDevice;
  readonly #staging: StagingPool;
  readonly #bound: Bound;
  readonly #named: ReadonlyMap<string, PlanTensor>;

  constructor(device: EngineDevice, staging: StagingPool, plan: Plan, bound: Bound) {
    this.name = plan.name;
    this.tensors = plan.tensors;
    this.#device = device;
    this.#staging = staging;
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
    writeBuffer(this.#device, this.#buffer(tensor), toBytes(tensor, data));
  }

  /** Writes a scalar input, or fills all of an input with one number. */
  fill(input: string, value: number): void {
    const { type, shape } = this.#find(input, 'input');
    const array = { f32: Float32Array, f16: Float32Array, i32: Int32Array, u32: Uint32Array }[type];
    this.write(input, new array(elementCount(shape)).fill(value));
  }

  /** Submits one run and returns at once; faults show at the next read. */
  run(): void {
    const encoder = this.#device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    let current: GPUComputePipeline | undefined;
    for (const { pipeline, group, workgroups } of this.#bound.steps) {
      if (pipeline !== current) pass.setPipeline(pipeline);
      current = pipeline;
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...workgroups);
    }
    pass.end();
    this.#device.gpu.queue.submit([encoder.finish()]);
  }

  /** The output after all runs submitted so far. @throws DeviceError when the device has failed. */
  async read(output: string): Promise<TensorData> {
    const tensor = this.#find(output, 'output');
    return fromBytes(tensor, await this.#staging.read(this.#buffer(tensor)));
  }

  /** Frees what this plan alone uses: inputs, outputs, constants. */
  destroy(): void {
    for (const buffer of this.#bound.own) buffer.destroy();
  }

  #find(name: string, role: 'input' | 'output'): PlanTensor {
    const tensor = this.#named.get(name);
    if (tensor?.role === role) return tensor;
    const known = this.tensors.filter((one) => one.role === role).map((one) => one.name);
    throw new DeviceError(`the plan ${this.name} has no ${role} ${name}; it has ${known.join(', ') || 'none'}`);
  }

  #buffer(tensor: PlanTensor): GPUBuffer {
    const buffer = this.#bound.buffers[tensor.buffer];
    if (!buffer) throw new DeviceError(`the plan ${this.name} has no buffer for ${tensor.name}; it is damaged`);
    return buffer;
  }
}
