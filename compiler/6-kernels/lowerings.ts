// Takes: nothing. Gives: for every kind of target, the way from fused groups to kernels.
// Promises: total over targets: what runs on one runs on all.
import type { Group, Program } from '../5-optimize/groups.ts';
import type { Target, WasmTarget, WebGpuTarget } from '../7-plan/plan.ts';
import type { AssembledKernel, KernelPart } from './kernel.ts';
import { assembleModule } from './wasm/assemble-module.ts';
import { lowerGroupToWasm } from './wasm/lower-group.ts';
import type { WasmPart } from './wasm/wasm-part.ts';
import { assembleKernel } from './wgsl/assemble.ts';
import { lowerGroup } from './wgsl/lower-group.ts';
import type { WgslPart } from './wgsl/wgsl-part.ts';

interface Lowering {
  // Methods: each entry is called with its own kind of target and part only.
  lower(program: Program, group: Group, target: Target): KernelPart;
  /** Parts to run in one dispatch. `slotOf`: binding of a tensor; tensors that share storage share a slot. */
  assemble(parts: readonly KernelPart[], program: Program, slotOf: (tensor: number) => number, target: Target): AssembledKernel; // prettier-ignore
}

interface LoweringTo<T extends Target, P extends KernelPart> extends Lowering {
  lower(program: Program, group: Group, target: T): P;
  assemble(parts: readonly P[], program: Program, slotOf: (tensor: number) => number, target: T): AssembledKernel;
}

interface Lowerings {
  readonly webgpu: LoweringTo<WebGpuTarget, WgslPart>;
  readonly wasm: LoweringTo<WasmTarget, WasmPart>;
}

const lowerings: Lowerings & { readonly [K in Target['kind']]: Lowering } = {
  webgpu: { lower: lowerGroup, assemble: assembleKernel },
  wasm: { lower: lowerGroupToWasm, assemble: assembleModule },
};

export function loweringFor(target: Target): Lowering {
  return lowerings[target.kind];
}
