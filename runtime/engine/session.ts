// Takes: an open device and Plans.
// Gives: executables, and the persistent tensors they share.
// Promises: parameters, their shadows and states are one buffer a name, whatever plans name them; all start at zero; a shadow
// holds what its parameter was last given.
import type { Plan, PlanTensor } from '../../compiler/7-plan/plan.ts';
import { checkNeeds } from './check-needs.ts';
import { constantData } from './data/constants.ts';
import { fromBytes, toBytes } from './data/tensor-data.ts';
import type { TensorData } from './data/tensor-data.ts';
import { DeviceError } from './device-error.ts';
import type { EngineBuffer, EngineDevice } from './engine-device.ts';
import { Executable } from './executable.ts';

export interface PersistentTensor {
  readonly name: string;
  readonly role: 'parameter' | 'state';
  readonly type: PlanTensor['type'];
  readonly shape: readonly number[];
}

interface Held extends Omit<PersistentTensor, 'role'> {
  readonly role: PersistentTensor['role'] | 'shadow';
  readonly of: string | undefined;
  readonly buffer: EngineBuffer;
}

/** What one `load` has made. */
interface Made {
  /** Buffers that are the plan's alone. */
  readonly own: EngineBuffer[];
  readonly held: Held[];
  readonly arenas: EngineBuffer[];
}

export class Session {
  readonly device: EngineDevice;
  readonly #persistent = new Map<string, Held>();
  /** Intermediate results die with a run and runs do not overlap, so plans share them. */
  readonly #arenas: EngineBuffer[] = [];
  readonly #executables = new Set<Executable>();
  #loading: Promise<unknown> = Promise.resolve();

  constructor(device: EngineDevice) {
    this.device = device;
  }

  /**
   * Makes buffers, compiles kernels, binds one to the other.
   * @throws DeviceError when the device lacks something the plan needs, runs out of memory, or refuses a kernel.
   */
  load(plan: Plan): Promise<Executable> {
    const load = (): Promise<Executable> => this.#load(plan);
    const loaded = this.#loading.then(load, load); // one at a time: what a failed load takes back, no other has taken
    this.#loading = loaded;
    return loaded;
  }

  async #load(plan: Plan): Promise<Executable> {
    this.device.raise();
    checkNeeds(plan, this.device.target);
    const made: Made = { own: [], held: [], arenas: [] };
    try {
      let buffers: readonly EngineBuffer[] = [];
      const prepared = await this.device.prepare(plan, () => (buffers = this.#buffers(plan, made)));
      await this.#follow(made);
      const executable = new Executable(this.device, plan, { prepared, buffers, own: made.own });
      this.#executables.add(executable);
      return executable;
    } catch (cause) {
      this.#undo(made);
      throw cause;
    }
  }

  has(name: string): boolean {
    return this.#persistent.has(name);
  }

  /** Parameters and states: what there is to save, and to write. */
  tensors(): PersistentTensor[] {
    return [...this.#persistent.values()].flatMap(({ name, role, type, shape }) =>
      role === 'shadow' ? [] : [{ name, role, type, shape }],
    );
  }

  /** Of a parameter: its shadow too. */
  write(name: string, data: TensorData): void {
    const tensor = this.#find(name);
    const shadows = [...this.#persistent.values()].filter(({ of }) => of === name);
    for (const held of [tensor, ...shadows]) this.device.write(held.buffer, toBytes(held, data));
  }

  /** @throws DeviceError when the device has failed. */
  async read(name: string): Promise<TensorData> {
    const tensor = this.#find(name);
    return fromBytes(tensor, await this.device.read(tensor.buffer));
  }

  destroy(): void {
    for (const executable of this.#executables) executable.destroy();
    for (const { buffer } of this.#persistent.values()) buffer.destroy();
    for (const arena of this.#arenas) arena.destroy();
    this.#persistent.clear();
    this.#arenas.length = 0;
    this.#executables.clear();
  }

  /** New shadows of parameters that were there before them. */
  async #follow({ held }: Made): Promise<void> {
    const isNew = new Set(held.map(({ name }) => name));
    for (const shadow of held) {
      const { of } = shadow;
      if (of === undefined || isNew.has(of) || !this.has(of)) continue;
      this.device.write(shadow.buffer, toBytes(shadow, await this.read(of)));
    }
  }

  #find(name: string): Held {
    const tensor = this.#persistent.get(name);
    if (!tensor) throw new DeviceError(`no loaded plan has a parameter or state ${name}`);
    return tensor;
  }

  /** One buffer for every buffer of the plan. */
  #buffers(plan: Plan, made: Made): readonly EngineBuffer[] {
    const tensorOf = new Map(plan.tensors.map((tensor) => [tensor.buffer, tensor]));
    const taken = new Set<EngineBuffer>();
    return plan.buffers.map(({ bytes, kind }, index) => {
      if (kind === 'arena') return this.#arena(bytes, taken, made);
      const tensor = tensorOf.get(index);
      const role = tensor?.role;
      if (tensor && (role === 'parameter' || role === 'state' || role === 'shadow')) return this.#held(tensor, bytes, role, made); // prettier-ignore
      const buffer = this.device.createBuffer(bytes);
      made.own.push(buffer);
      if (tensor?.role === 'constant') this.device.write(buffer, toBytes(tensor, constantData(tensor)));
      return buffer;
    });
  }

  #held(tensor: PlanTensor, bytes: number, role: Held['role'], made: Made): EngineBuffer {
    const { name, type, shape, of } = tensor;
    const known = this.#persistent.get(name);
    if (known) {
      const same = known.type === type && known.shape.join() === shape.join();
      if (!same) throw new DeviceError(`${role} ${name} is ${form(tensor)} in this plan and ${form(known)} in one loaded before it`); // prettier-ignore
      return known.buffer;
    }
    const held = { name, role, type, shape, of, buffer: this.device.createBuffer(bytes) };
    this.#persistent.set(name, held);
    made.held.push(held);
    return held.buffer;
  }

  #arena(bytes: number, taken: Set<EngineBuffer>, made: Made): EngineBuffer {
    const fitting = this.#arenas.filter((arena) => arena.size >= bytes && !taken.has(arena));
    let found = fitting.toSorted((a, b) => a.size - b.size)[0];
    if (!found) {
      found = this.device.createBuffer(bytes);
      this.#arenas.push(found);
      made.arenas.push(found);
    }
    taken.add(found);
    return found;
  }

  /** After a load that failed. */
  #undo({ own, held, arenas }: Made): void {
    for (const { name } of held) this.#persistent.delete(name);
    for (const arena of arenas) this.#arenas.splice(this.#arenas.indexOf(arena), 1);
    for (const buffer of [...own, ...arenas, ...held.map(({ buffer }) => buffer)]) buffer.destroy();
  }
}

function form({ type, shape }: { readonly type: string; readonly shape: readonly number[] }): string {
  return `${type} [${shape.join(', ')}]`;
}
