// Takes: fused groups and a target.
// Gives: the Plan: kernels, buffers with offsets, the list of dispatches.
// Promises: deterministic; equal kernels are one; every limit of the target is kept, or a PlanError says which stops it.
import { invariant } from '../diagnostics.ts';
import type { Program, ProgramTensor } from '../5-optimize/groups.ts';
import type { KernelPart } from '../6-kernels/kernel.ts';
import { loweringFor } from '../6-kernels/lowerings.ts';
import { inPlace } from './memory/aliases.ts';
import { layOut } from './memory/layout.ts';
import type { Layout } from './memory/layout.ts';
import { lifetimes } from './memory/lifetimes.ts';
import { tensorTooLarge, tooManyWorkgroups, tooMuchMemory } from './plan-error.ts';
import type { Plan, PlanKernel, PlanNeeds, PlanStep, PlanTensor, StepWork, Target } from './plan.ts';
import { accessOf } from './schedule/access.ts';
import { dependencies } from './schedule/dependencies.ts';
import { schedule } from './schedule/schedule.ts';
import type { Dispatch } from './schedule/schedule.ts';
import { workOf } from './schedule/work.ts';
import { storageType, tensorBytes } from './storage.ts';
import { verifyMemory } from './memory/verify-memory.ts';
import { verifyPlan } from './verify-plan.ts';
import { accessOfWhole, withWindows } from './windows/windows.ts';

export interface PlanOptions {
  /** Independent parts share dispatches. */
  readonly pack?: boolean;
  /** Temporaries share storage; false keeps every one, for debugging. */
  readonly reuse?: boolean;
  /** Gets the text of every kernel. */
  readonly onKernel?: (name: string, text: string) => void;
}

/** @throws PlanError when a limit of the target stops the program. */
export function planProgram(whole: Program, target: Target, options: PlanOptions = {}): Plan {
  const { pack = true, reuse = true, onKernel = null } = options;
  const program = withWindows(whole, target);
  checkSizes(program, target);
  const lowering = loweringFor(target);
  const parts = program.groups.map((group) => lowering.lower(program, group, target));
  const accesses = program.groups.map((group) => accessOfWhole(accessOf(group), program));
  // Windows of one tensor may overlap from group to group, which no dispatch may bind.
  const packed = parts.map((part) => ({ ...part, isAlone: part.tensors.some((id) => program.tensors[id]?.window) }));
  const dispatches = schedule(packed, dependencies(accesses), target, pack);
  const temporaries = new Set(program.tensors.filter(({ role }) => role === 'temporary').map(({ id }) => id));
  const lives = lifetimes(dispatches, accesses, (tensor) => temporaries.has(tensor));
  const replaced = reuse ? inPlace(program, dispatches, accesses, lives) : new Map<number, number>();
  const layout = layOut(program, lives, replaced, target, reuse);
  verifyMemory({ dispatches, accesses, temporaries, replaced, bindingOf: layout.bindingOf });
  const { kernels, steps, needs } = emit(program, parts, dispatches, layout, target, onKernel);
  const plan: Plan = {
    version: 2,
    target: target.kind,
    name: program.name,
    tensors: planTensors(program, layout),
    buffers: layout.buffers,
    kernels,
    steps,
    needs,
  };
  verifyPlan(plan, target);
  checkMemory(plan, target);
  return plan;
}

/** One tensor is one buffer, and a kernel sees all of those it touches. */
function checkSizes({ tensors, groups }: Program, target: Target): void {
  const { maxBindingBytes, maxBufferBytes = maxBindingBytes } = target;
  const touched = new Set(groups.map(accessOf).flatMap(({ reads, writes }) => [...reads, ...writes]));
  for (const tensor of tensors) {
    const bytes = tensorBytes(tensor);
    invariant(bytes > 0, `tensor ${tensor.name} is empty`);
    if (!tensor.window && bytes > maxBufferBytes) throw tensorTooLarge(tensor, bytes, target, 'buffer');
    if (touched.has(tensor.id) && bytes > maxBindingBytes) throw tensorTooLarge(tensor, bytes, target, 'binding');
  }
}

function checkMemory({ name, buffers, needs }: Plan, target: Target): void {
  if (target.kind !== 'wasm') return;
  const bytes = sum(buffers.map((buffer) => buffer.bytes)) + needs.scratchBytes * target.threads;
  if (bytes > target.maxTotalBytes) throw tooMuchMemory(name, bytes, target);
}

interface Emitted {
  readonly kernels: readonly PlanKernel[];
  readonly steps: readonly PlanStep[];
  readonly needs: PlanNeeds;
}

function emit(
  program: Program,
  parts: readonly KernelPart[],
  dispatches: readonly Dispatch[],
  layout: Layout,
  target: Target,
  onKernel: PlanOptions['onKernel'] | null,
): Emitted {
  const lowering = loweringFor(target);
  const kernels: PlanKernel[] = [];
  const kernelOf = new Map<string, number>();
  const features = new Set<string>();
  const most = { bytes: 0, bindings: 0, invocations: 0, workgroupBytes: 0, scratchBytes: 0 };
  const steps = dispatches.map((dispatch): PlanStep => {
    const here = dispatch.map((index) => parts[index]).filter((part) => part !== undefined);
    const name = kernelName(here);
    const workgroups = here.reduce((sum, part) => sum + part.workgroups, 0);
    if (workgroups > target.maxWorkgroupsPerDimension ** 2) throw tooManyWorkgroups(name, workgroups, target);
    const slots = slotsOf(here, layout);
    invariant(
      slots.size <= target.maxStorageBindings,
      `${name} binds ${slots.size} tensors of ${target.maxStorageBindings}`,
    );
    const slotOf = (tensor: number): number => {
      const slot = slots.get(layout.storageOf(tensor));
      invariant(slot !== undefined, `${name} touches tensor ${tensor}, which it does not list`);
      return slot;
    };
    const assembled = lowering.assemble(here, program, slotOf, target);
    let kernel = kernelOf.get(assembled.code);
    if (kernel === undefined) {
      kernel = kernels.length;
      kernelOf.set(assembled.code, kernel);
      kernels.push({ name, family: familyOf(here), code: assembled.code });
      onKernel?.(name, assembled.print());
      for (const feature of assembled.features) features.add(feature);
    }
    const bindings = [...slots.keys()].map((tensor) => layout.bindingOf(tensor));
    most.bytes = Math.max(most.bytes, ...bindings.map((binding) => binding.bytes));
    most.bindings = Math.max(most.bindings, bindings.length);
    most.invocations = Math.max(most.invocations, ...here.map((part) => part.workgroupSize));
    most.workgroupBytes = Math.max(most.workgroupBytes, sum(here.map((part) => part.workgroupBytes)));
    most.scratchBytes = Math.max(most.scratchBytes, assembled.scratchBytes);
    return { kernel, bindings, workgroups: assembled.workgroups, work: workOfStep(program, dispatch, name) };
  });
  const needs = {
    features: [...features].sort(),
    maxBindingBytes: most.bytes,
    maxStorageBindings: most.bindings,
    maxInvocations: most.invocations,
    maxWorkgroupStorage: most.workgroupBytes,
    scratchBytes: most.scratchBytes,
  };
  return { kernels, steps, needs };
}

function workOfStep(program: Program, dispatch: Dispatch, name: string): StepWork {
  const groups = dispatch.map((index) => program.groups[index]).filter((group) => group !== undefined);
  const works = groups.map((group) => workOf(program, group));
  return { name, flops: sum(works.map(({ flops }) => flops)), bytes: sum(works.map(({ bytes }) => bytes)) };
}

/** Storage -> binding slot, in the order of first use, so that equal kernels of different layers get equal text. */
function slotsOf(parts: readonly KernelPart[], layout: Layout): Map<number, number> {
  const slots = new Map<number, number>();
  for (const tensor of parts.flatMap((part) => part.tensors)) {
    const storage = layout.storageOf(tensor);
    if (!slots.has(storage)) slots.set(storage, slots.size);
  }
  return slots;
}

function kernelName(parts: readonly KernelPart[]): string {
  return parts.map((part) => part.name).join(' + ');
}

function familyOf(parts: readonly KernelPart[]): string {
  return [...new Set(parts.map((part) => part.family))].join('+');
}

function planTensors(program: Program, layout: Layout): PlanTensor[] {
  return program.tensors.flatMap((tensor: ProgramTensor): PlanTensor[] => {
    if (tensor.role === 'temporary') return [];
    const { name, role, data, of } = tensor;
    const shape = tensor.dims.map((dim) => dim.size);
    const dims = tensor.dims.map((dim) => dim.name);
    const buffer = layout.bindingOf(tensor.id).buffer;
    const more = { ...(data ? { data } : {}), ...(of === undefined ? {} : { of }) };
    return [{ name, role, type: storageType(tensor.type), shape, dims, buffer, ...more }];
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
