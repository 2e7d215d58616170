// Takes: a Plan, and buffers for it.
// Gives: pipelines and bind groups that stand ready.
// Promises: runs are one compute pass over a recorded list; nothing is allocated or looked up in them.
import type { Plan } from '../../../compiler/7-plan/plan.ts';
import { at } from '../damaged-plan.ts';
import { DeviceError } from '../device-error.ts';
import type { PreparedPlan } from '../engine-device.ts';
import type { RunTimes } from '../run-times.ts';
import type { PipelineCache } from './pipelines.ts';
import { timedRun } from './timed-run.ts';
import type { Wait } from './wait.ts';

interface BoundStep {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

export async function preparePlan(
  gpu: GPUDevice,
  pipelines: PipelineCache,
  plan: Plan,
  allocate: () => readonly GPUBuffer[],
  raise: () => void,
  wait: Wait,
): Promise<PreparedPlan> {
  const { made: groups, faults } = guarded(gpu, () => bindGroups(gpu, pipelines, plan, allocate()));
  const bindings = bindingCounts(plan);
  const compiled = plan.kernels.map((kernel, k) => pipelines.pipeline(kernel, bindings[k] ?? 0));
  const [[memory, validation], ...ready] = await Promise.all([faults, ...compiled]);
  if (memory) throw new DeviceError(outOfMemory(plan, memory.message));
  if (validation) throw new DeviceError(`the device refuses the plan ${plan.name}: ${validation.message}`);
  const steps = plan.steps.map((step, s): BoundStep => ({
    pipeline: at(ready, step.kernel),
    group: at(groups, s),
    workgroups: step.workgroups,
  }));
  const profile = (): Promise<RunTimes> => timedRun(gpu, steps.map(alone), raise, wait);
  return { run: (times) => submit(gpu, steps, times), profile, destroy: () => {} };
}

function alone({ pipeline, group, workgroups }: BoundStep): (pass: GPUComputePassEncoder) => void {
  return (pass) => {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...workgroups);
  };
}

/** A submit costs the host as much as many dispatches: runs that nothing comes between share one. */
function submit(gpu: GPUDevice, steps: readonly BoundStep[], times: number): void {
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  let current: GPUComputePipeline | undefined;
  for (let run = 0; run < times; run++) {
    for (const { pipeline, group, workgroups } of steps) {
      if (pipeline !== current) pass.setPipeline(pipeline);
      current = pipeline;
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...workgroups);
    }
  }
  pass.end();
  gpu.queue.submit([encoder.finish()]);
}

/** What `make` makes, and what the device has to say against it. */
function guarded<T>(gpu: GPUDevice, make: () => T): { made: T; faults: Promise<[GPUError | null, GPUError | null]> } {
  gpu.pushErrorScope('validation');
  gpu.pushErrorScope('out-of-memory');
  const pop = (): Promise<[GPUError | null, GPUError | null]> =>
    Promise.all([gpu.popErrorScope(), gpu.popErrorScope()]);
  try {
    return { made: make(), faults: pop() };
  } catch (cause) {
    void pop();
    throw cause;
  }
}

function bindGroups(
  gpu: GPUDevice,
  pipelines: PipelineCache,
  plan: Plan,
  buffers: readonly GPUBuffer[],
): readonly GPUBindGroup[] {
  return plan.steps.map((step) =>
    gpu.createBindGroup({
      layout: pipelines.layout(step.bindings.length),
      entries: step.bindings.map(({ buffer, offset, bytes }, binding) => ({
        binding,
        resource: { buffer: at(buffers, buffer), offset, size: bytes },
      })),
    }),
  );
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
