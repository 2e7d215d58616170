// Takes: what a Plan needs and what the device offers.
// Gives: nothing, or the one sentence that says which limit stops it.
// Promises: a plan that passes is not refused for its size later, but for memory that other plans hold.
import type { Plan, Target } from '../../compiler/7-plan/plan.ts';
import { DeviceError } from './device-error.ts';

const names = { webgpu: 'a GPU', wasm: 'the CPU' } as const;

/** @throws DeviceError naming the first need that the device does not meet. */
export function checkNeeds(plan: Plan, target: Target): void {
  const fail = (what: string): never => {
    throw new DeviceError(`this device cannot run the plan ${plan.name}: ${what}`);
  };
  // A saved plan may be of any version.
  const version: number = plan.version;
  if (version !== 2) fail(`its format is version ${version}, this engine reads version 2`);
  if (plan.target !== target.kind) {
    fail(`it was compiled for ${names[plan.target]} (${plan.target}), and the device is ${names[target.kind]} (${target.kind}); compile the model again for this device`); // prettier-ignore
  }
  const device = target.kind === 'wasm' ? 'the CPU' : 'the adapter';
  const missing = plan.needs.features.filter((feature) => !target.features.includes(feature));
  if (missing.length > 0) fail(`${device} lacks ${missing.join(', ')}${adviceFor(missing)}`);
  for (const [what, need, limit] of rows(plan, target)) {
    if (need > limit) fail(`it needs ${need} ${what}, ${device} allows ${limit}`);
  }
  if (target.kind === 'wasm' && totalBytes(plan, target.threads) > target.maxTotalBytes) {
    fail(
      `it needs ${gib(totalBytes(plan, target.threads))}, and 32-bit WebAssembly addresses at most ${gib(target.maxTotalBytes)}.\n` +
        'A smaller batch, a shorter context or `accumulate` in the train block needs less.',
    );
  }
}

function adviceFor(features: readonly string[]): string {
  if (!features.includes('shader-f16')) return '';
  return '.\n`precision { compute = f16 }` and weights in f16 need numbers in halves; without them everything is f32, and --device cpu has both.';
}

function rows(plan: Plan, target: Target): [string, number, number][] {
  return [
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
}

function totalBytes(plan: Plan, threads: number): number {
  return plan.buffers.reduce((sum, buffer) => sum + buffer.bytes, plan.needs.scratchBytes * threads);
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}
