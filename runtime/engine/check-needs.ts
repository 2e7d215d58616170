// Takes: what a Plan needs and what the device offers.
// Gives: nothing, or the one sentence that says which limit stops it.
// Promises: a plan that passes is not refused for its size later.
import type { Plan, Target } from '../../compiler/7-plan/plan.ts';
import { DeviceError } from './device-error.ts';

/** @throws DeviceError naming the first need that the device does not meet. */
export function checkNeeds(plan: Plan, target: Target): void {
  const fail = (what: string): never => {
    throw new DeviceError(`this device cannot run the plan ${plan.name}: ${what}`);
  };
  if (plan.version !== 1) fail(`its format is version ${String(plan.version)}, this engine reads version 1`);
  const missing = plan.needs.features.filter((feature) => !target.features.includes(feature));
  if (missing.length > 0) fail(`the adapter lacks ${missing.join(', ')}`);
  const rows: [string, number, number][] = [
    ['bytes in one binding', plan.needs.maxBindingBytes, target.maxBindingBytes],
    ['tensors in one kernel', plan.needs.maxStorageBindings, target.maxStorageBindings],
    ['invocations in a workgroup', plan.needs.maxInvocations, target.maxInvocations],
    ['bytes of workgroup memory', plan.needs.maxWorkgroupStorage, target.maxWorkgroupStorage],
    [
      'workgroups in one dimension',
      largest(plan.steps.flatMap((step) => step.workgroups)),
      target.maxWorkgroupsPerDimension,
    ],
    ['bytes in one buffer', largest(plan.buffers.map((buffer) => buffer.bytes)), target.maxBufferBytes ?? Infinity],
  ];
  for (const [what, need, limit] of rows) {
    if (need > limit) fail(`it needs ${need} ${what}, the adapter allows ${limit}`);
  }
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}
