// Takes: programs of fused groups. Gives: what their WebAssembly kernels leave in the tensors, group by group, on this thread.
// Promises: every tensor has a place of its own; what nobody writes shows; workgroups run in the ranges asked for.
import { setFlagsFromString } from 'node:v8';
import { fromHalf, toHalf } from '../../../../runtime/engine/data/tensor-data.ts';
import type { ScalarType } from '../../../../compiler/3-graph/types.ts';
import { constantValues } from '../../../../compiler/3-graph/evaluate/constants.ts';
import type { Group, Program, ProgramTensor } from '../../../../compiler/5-optimize/groups.ts';
import { mainFunction } from '../../../../compiler/6-kernels/wasm/assemble-module.ts';
import { encodeModule } from '../../../../compiler/6-kernels/wasm/code/encode.ts';
import { lowerGroupToWasm } from '../../../../compiler/6-kernels/wasm/lower-group.ts';
import type { WasmPart } from '../../../../compiler/6-kernels/wasm/wasm-part.ts';
import type { WasmTarget } from '../../../../compiler/7-plan/plan.ts';

setFlagsFromString('--experimental-wasm-relaxed-simd');

export const relaxedTarget: WasmTarget = {
  kind: 'wasm',
  features: ['relaxed-simd'],
  threads: 2,
  maxBindingBytes: 2 ** 32 - 65536,
  maxTotalBytes: 2 ** 32 - 65536,
  maxStorageBindings: 64,
  maxInvocations: 1,
  maxWorkgroupStorage: 0,
  maxWorkgroupsPerDimension: 2 ** 31 - 1,
};
export const plainTarget: WasmTarget = { ...relaxedTarget, features: [] };

export interface WasmRunOptions {
  readonly target?: WasmTarget;
  /** Workgroups of one call; all of them where it is not told. Several calls run from the last to the first. */
  readonly range?: number;
  readonly lower?: (program: Program, group: Group, target: WasmTarget) => WasmPart;
}

interface Compiled {
  readonly part: WasmPart;
  /** Tensors in the order of the parameters. */
  readonly slots: readonly number[];
  readonly module: WebAssembly.Module;
}

type Lower = NonNullable<WasmRunOptions['lower']>;
const known = new WeakMap<Program, { readonly target: WasmTarget; readonly lower: Lower; readonly kernels: readonly Compiled[] }[]>(); // prettier-ignore

/** Tests run one program in several ranges. */
function compiled(program: Program, target: WasmTarget, lower: Lower): readonly Compiled[] {
  const variants = known.get(program) ?? [];
  known.set(program, variants);
  const found = variants.find((one) => one.target === target && one.lower === lower);
  if (found) return found.kernels;
  const kernels = program.groups.map((group): Compiled => {
    const part = lower(program, group, target);
    const slots = [...part.tensors];
    const bytes = encodeModule(mainFunction(part, (tensor) => slots.indexOf(tensor)));
    return { part, slots, module: new WebAssembly.Module(bytes) };
  });
  variants.push({ target, lower, kernels });
  return kernels;
}

const PAGE = 65536;
const aligned = (bytes: number): number => Math.ceil(bytes / 256) * 256;
const elements = (tensor: ProgramTensor): number => tensor.dims.reduce((count, dim) => count * dim.size, 1);

/** Runs the program once. As `evaluateProgram`: gives every tensor but the temporaries and constants. */
export function runOnWasm(
  program: Program,
  values: ReadonlyMap<string, ArrayLike<number>>,
  options: WasmRunOptions = {},
): Map<string, Float64Array> {
  const { target = relaxedTarget, range, lower = lowerGroupToWasm } = options;
  const kernels = compiled(program, target, lower);
  const places = new Map<number, number>();
  let end = 256;
  for (const tensor of program.tensors) {
    places.set(tensor.id, end);
    end = aligned(end + elements(tensor) * 4 + 64);
  }
  const scratch = end;
  end += Math.max(0, ...kernels.map(({ part }) => part.scratchBytes));
  const memory = new WebAssembly.Memory({ initial: Math.ceil(end / PAGE) + 1, maximum: PAGE, shared: true });
  for (const tensor of program.tensors) {
    const given = tensor.data ? constantValues(tensor.data) : values.get(tensor.name);
    writeValues(memory, places.get(tensor.id) ?? 0, tensor, given);
  }
  for (const { part, slots, module } of kernels) {
    const { main } = new WebAssembly.Instance(module, { env: { memory } }).exports;
    if (typeof main !== 'function') throw new Error('the module has no main');
    const addresses = slots.map((tensor) => places.get(tensor) ?? 0);
    const step = range ?? part.workgroups;
    for (let call = Math.ceil(part.workgroups / step) - 1; call >= 0; call--)
      main(...addresses, scratch, call * step, Math.min(part.workgroups, (call + 1) * step));
  }
  const named = program.tensors.filter(({ role }) => role !== 'temporary' && role !== 'constant');
  return new Map(named.map((tensor) => [tensor.name, readValues(memory, places.get(tensor.id) ?? 0, tensor)]));
}

const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, bool: Uint32Array } as const;
const arrayOf = (type: Exclude<ScalarType, 'f16'>) => arrays[type];

function writeValues(
  memory: WebAssembly.Memory,
  at: number,
  tensor: ProgramTensor,
  given: ArrayLike<number> | undefined,
): void {
  // prettier-ignore
  const { type, role } = tensor;
  const count = elements(tensor);
  const empty = role === 'temporary' || role === 'output';
  if (!given && empty) return void new Uint8Array(memory.buffer, at, count * (type === 'f16' ? 2 : 4)).fill(255);
  const data = given ?? new Float64Array(count);
  if (type === 'f16') return new Uint16Array(memory.buffer, at, count).set(Array.from(data, toHalf));
  new (arrayOf(type))(memory.buffer, at, count).set(Array.from(data));
}

function readValues(memory: WebAssembly.Memory, at: number, tensor: ProgramTensor): Float64Array {
  const count = elements(tensor);
  if (tensor.type === 'f16') return Float64Array.from(new Uint16Array(memory.buffer, at, count), fromHalf);
  return Float64Array.from(new (arrayOf(tensor.type))(memory.buffer, at, count));
}
