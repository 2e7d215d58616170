// Takes: an open device and Plans.
// Gives: executables, and the persistent tensors they share.
// Promises: parameters and states are one buffer a name, whatever plans name them; all start at zero.
import type { Plan, PlanTensor } from '../../compiler/7-plan/plan.ts';
import { checkNeeds } from './check-needs.ts';
import { constantData } from './data/constants.ts';
import type { EngineDevice } from './device.ts';
import { DeviceError } from './device-error.ts';
import { Executable } from './executable.ts';
import type { BoundStep } from './executable.ts';
import { PipelineCache } from './pipelines.ts';
import { fromBytes, toBytes } from './data/tensor-data.ts';
import type { TensorData } from './data/tensor-data.ts';
import { StagingPool, usage, writeBuffer } from './data/transfer.ts';

export interface PersistentTensor {
  readonly name: string;
  readonly role: 'parameter' | 'state';
  readonly type: PlanTensor['type'];
  readonly shape: readonly number[];
}

interface Held extends PersistentTensor {
  readonly buffer: GPUBuffer;
}

export class Session {
  readonly device: EngineDevice;
  readonly #pipelines: PipelineCache;
  readonly #staging: StagingPool;
  readonly #persistent = new Map<string, Held>();
  /** Intermediate results die with a run and runs do not overlap, so plans share them. */
  readonly #arenas: GPUBuffer[] = [];
  readonly #executables = new Set<Executable>();

  constructor(device: EngineDevice) {
    this.device = device;
    this.#pipelines = new PipelineCache(device);
    this.#staging = new StagingPool(device);
  }

  /**
   * Makes buffers, pipelines and bind groups.
   * @throws DeviceError when the device lacks something the plan needs, runs out of memory, or refuses a kernel.
   */
  async load(plan: Plan): Promise<Executable> {
    this.device.raise();
    checkNeeds(plan, this.device.target);
    const own: GPUBuffer[] = [];
    try {
      const { resources, faults } = this.#guarded(() => this.#bind(plan, own));
      const bindings = bindingCounts(plan);
      const compiled = plan.kernels.map((kernel, k) => this.#pipelines.pipeline(kernel, bindings[k] ?? 0));
      const [[memory, validation], ...pipelines] = await Promise.all([faults, ...compiled]);
      if (memory) throw new DeviceError(outOfMemory(plan, memory.message));
      if (validation) throw new DeviceError(`the device refuses the plan ${plan.name}: ${validation.message}`);
      this.device.raise();
      const { buffers, groups } = resources;
      const steps = plan.steps.map((step, s): BoundStep => ({
        pipeline: at(pipelines, step.kernel),
        group: at(groups, s),
        workgroups: step.workgroups,
      }));
      const executable = new Executable(this.device, this.#staging, plan, { steps, buffers, own });
      this.#executables.add(executable);
      return executable;
    } catch (cause) {
      for (const buffer of own) buffer.destroy();
      throw cause;
    }
  }

  has(name: string): boolean {
    return this.#persistent.has(name);
  }

  tensors(): PersistentTensor[] {
    return [...this.#persistent.values()].map(({ name, role, type, shape }) => ({ name, role, type, shape }));
  }

  write(name: string, data: TensorData): void {
    const tensor = this.#find(name);
    writeBuffer(this.device, tensor.buffer, toBytes(tensor, data));
  }

  /** @throws DeviceError when the device has failed. */
  async read(name: string): Promise<TensorData> {
    const tensor = this.#find(name);
    return fromBytes(tensor, await this.#staging.read(tensor.buffer));
  }

  destroy(): void {
    for (const executable of this.#executables) executable.destroy();
    for (const { buffer } of this.#persistent.values()) buffer.destroy();
    for (const arena of this.#arenas) arena.destroy();
    this.#staging.destroy();
    this.#persistent.clear();
    this.#arenas.length = 0;
    this.#executables.clear();
  }

  #find(name: string): Held {
    const tensor = this.#persistent.get(name);
    if (!tensor) throw new DeviceError(`no loaded plan has a parameter or state ${name}`);
    return tensor;
  }

  /** What `make` makes, and what the device has to say against it. */
  #guarded<T>(make: () => T): { resources: T; faults: Promise<[GPUError | null, GPUError | null]> } {
    const { gpu } = this.device;
    gpu.pushErrorScope('validation');
    gpu.pushErrorScope('out-of-memory');
    const pop = (): Promise<[GPUError | null, GPUError | null]> =>
      Promise.all([gpu.popErrorScope(), gpu.popErrorScope()]);
    try {
      return { resources: make(), faults: pop() };
    } catch (cause) {
      void pop();
      throw cause;
    }
  }

  #bind(plan: Plan, own: GPUBuffer[]): { buffers: readonly GPUBuffer[]; groups: readonly GPUBindGroup[] } {
    const buffers = this.#buffers(plan, own);
    const groups = plan.steps.map((step) =>
      this.device.gpu.createBindGroup({
        layout: this.#pipelines.layout(step.bindings.length),
        entries: step.bindings.map(({ buffer, offset, bytes }, binding) => ({
          binding,
          resource: { buffer: at(buffers, buffer), offset, size: bytes },
        })),
      }),
    );
    return { buffers, groups };
  }

  /** One buffer for every buffer of the plan; `own` gets those that are this plan's alone. */
  #buffers(plan: Plan, own: GPUBuffer[]): readonly GPUBuffer[] {
    const tensorOf = new Map(plan.tensors.map((tensor) => [tensor.buffer, tensor]));
    const taken = new Set<GPUBuffer>();
    return plan.buffers.map(({ bytes, kind }, index) => {
      if (kind === 'arena') return this.#arena(bytes, taken);
      const tensor = tensorOf.get(index);
      if (tensor?.role === 'parameter' || tensor?.role === 'state') return this.#held(tensor, bytes, tensor.role);
      const buffer = this.#create(bytes);
      own.push(buffer);
      if (tensor?.role === 'constant') writeBuffer(this.device, buffer, toBytes(tensor, constantData(tensor)));
      return buffer;
    });
  }

  #held(tensor: PlanTensor, bytes: number, role: 'parameter' | 'state'): GPUBuffer {
    const { name, type, shape } = tensor;
    const known = this.#persistent.get(name);
    if (known) {
      const same = known.type === type && known.shape.join() === shape.join();
      if (!same) throw new DeviceError(`${role} ${name} is ${form(tensor)} in this plan and ${form(known)} in one loaded before it`); // prettier-ignore
      return known.buffer;
    }
    const buffer = this.#create(bytes);
    this.#persistent.set(name, { name, role, type, shape, buffer });
    return buffer;
  }

  #arena(bytes: number, taken: Set<GPUBuffer>): GPUBuffer {
    const fitting = this.#arenas.filter((arena) => arena.size >= bytes && !taken.has(arena));
    let found = fitting.toSorted((a, b) => a.size - b.size)[0];
    if (!found) {
      found = this.#create(bytes);
      this.#arenas.push(found);
    }
    taken.add(found);
    return found;
  }

  #create(bytes: number): GPUBuffer {
    return this.device.gpu.createBuffer({ size: bytes, usage: usage.storage | usage.copySource | usage.copyTarget });
  }
}

function form({ type, shape }: { readonly type: string; readonly shape: readonly number[] }): string {
  return `${type} [${shape.join(', ')}]`;
}

function bindingCounts(plan: Plan): number[] {
  const counts: number[] = [];
  for (const step of plan.steps) counts[step.kernel] = step.bindings.length;
  return counts;
}

function outOfMemory(plan: Plan, reason: string): string {
  const total = plan.buffers.reduce((sum, buffer) => sum + buffer.bytes, 0);
  const arena = plan.buffers.reduce((sum, buffer) => sum + (buffer.kind === 'arena' ? buffer.bytes : 0), 0);
  return (
    `the device has too little memory for the plan ${plan.name}: it holds ${mib(total)}, ${mib(arena)} of them intermediate results ` +
    `(${reason.split('\n')[0] ?? ''}).\nA smaller batch or a shorter context needs less.`
  );
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined)
    throw new DeviceError(`the plan names number ${index} of a list of ${list.length}; it is damaged`);
  return item;
}
