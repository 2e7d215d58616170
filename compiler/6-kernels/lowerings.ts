// Takes: nothing. Gives: for every kind of target, the way from fused groups to kernels.
// Promises: total over targets: what runs on one runs on all.
import type { Group, Program } from '../5-optimize/groups.ts';
import type { Target } from '../7-plan/plan.ts';
import type { AssembledKernel, KernelPart } from './kernel.ts';
import { assembleModule } from './wasm/assemble-module.ts';
import { lowerGroupToWasm } from './wasm/lower-group.ts';
import { assembleKernel } from './wgsl/assemble.ts';
import { lowerGroup } from './wgsl/lower-group.ts';

interface Lowering<T extends Target, P extends KernelPart> {
  readonly lower: (program: Program, group: Group, target: T) => P;
  /** Parts to run in one dispatch. `slotOf`: binding of a tensor; tensors that share storage share a slot. */
  readonly assemble: (parts: readonly P[], program: Program, slotOf: (tensor: number) => number, target: T) => AssembledKernel; // prettier-ignore
}

const lowerings = {
  webgpu: { lower: lowerGroup, assemble: assembleKernel },
  wasm: { lower: lowerGroupToWasm, assemble: assembleModule },
};

/** @throws InvariantError on a group that no schedule fits. */
export function loweringFor(target: Target): Lowering<Target, KernelPart> {
  // Each entry sees only its own kind of target and part.
  return lowerings[target.kind] as Lowering<never, never> as Lowering<Target, KernelPart>;
}
