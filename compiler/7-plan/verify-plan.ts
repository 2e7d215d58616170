// Takes: a Plan, and the target it is for.
// Gives: nothing. Promises: throws when a device would refuse the plan or could compute something else than it says.
import { invariant } from '../diagnostics.ts';
import { overlap } from './memory/verify-memory.ts';
import type { Plan, PlanBinding, PlanStep, Target } from './plan.ts';

/** @throws InvariantError */
export function verifyPlan(plan: Plan, target: Target): void {
  verifyTensors(plan);
  plan.buffers.forEach(({ bytes }, b) => {
    invariant(Number.isInteger(bytes) && bytes > 0 && bytes % 4 === 0, `buffer ${b} has ${bytes} bytes`);
  });
  const bindings = new Map<number, number>();
  plan.steps.forEach((step, s) => {
    const kernel = plan.kernels[step.kernel];
    invariant(kernel, `step ${s} runs kernel ${step.kernel} of ${plan.kernels.length}`);
    const where = `step ${s} (${kernel.name})`;
    const count = bindings.get(step.kernel) ?? step.bindings.length;
    invariant(count === step.bindings.length, `${where} has ${step.bindings.length} bindings, an earlier one ${count}`);
    bindings.set(step.kernel, count);
    verifyStep(plan, step, where, target);
  });
}

function verifyStep(plan: Plan, step: PlanStep, where: string, target: Target): void {
  invariant(step.bindings.length <= target.maxStorageBindings, `${where} has ${step.bindings.length} bindings`);
  step.bindings.forEach((binding, i) => {
    verifyBinding(plan, binding, where, target);
    for (const other of step.bindings.slice(i + 1)) {
      invariant(!overlap(binding, other), `${where} binds one place twice`);
    }
  });
  for (const count of step.workgroups) {
    const legal = Number.isInteger(count) && count >= 1 && count <= target.maxWorkgroupsPerDimension;
    invariant(legal, `${where} runs ${step.workgroups.join(' x ')} workgroups`);
  }
}

function verifyBinding(plan: Plan, { buffer, offset, bytes }: PlanBinding, where: string, target: Target): void {
  const size = plan.buffers[buffer]?.bytes;
  invariant(size !== undefined, `${where} binds buffer ${buffer} of ${plan.buffers.length}`);
  invariant(offset >= 0 && offset % 256 === 0, `${where} binds offset ${offset}`);
  invariant(bytes > 0 && bytes % 4 === 0 && bytes <= target.maxBindingBytes, `${where} binds ${bytes} bytes`);
  invariant(offset + bytes <= size, `${where} binds up to ${offset + bytes} of a buffer of ${size} bytes`);
}

function verifyTensors(plan: Plan): void {
  const names = new Set<string>();
  const buffers = new Set<number>();
  for (const { name, role, type, shape, dims, buffer, data } of plan.tensors) {
    invariant(!names.has(name), `two tensors are named ${name}`);
    invariant(!buffers.has(buffer), `tensor ${name} shares its buffer`);
    invariant(
      shape.length === dims.length,
      `tensor ${name} has ${shape.length} sizes and ${dims.length} names of axes`,
    );
    invariant(
      (role === 'constant') === (data !== undefined),
      `tensor ${name}: a constant has values, others have none`,
    );
    const bytes = shape.reduce((count, size) => count * size, type === 'f16' ? 2 : 4);
    const held = plan.buffers[buffer];
    invariant(held?.kind === 'tensor' && held.bytes >= bytes, `tensor ${name} needs ${bytes} bytes of its own`);
    names.add(name);
    buffers.add(buffer);
  }
}
