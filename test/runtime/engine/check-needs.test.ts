// What a device without halves is told.
import { expect, test } from 'vitest';
import { defaultTarget } from '../../../compiler/7-plan/default-target.ts';
import type { Plan } from '../../../compiler/7-plan/plan.ts';
import { checkNeeds } from '../../../runtime/engine/check-needs.ts';

const needs = { features: ['shader-f16'], maxBindingBytes: 4, maxStorageBindings: 1, maxInvocations: 1, maxWorkgroupStorage: 0, scratchBytes: 0 }; // prettier-ignore
const plan: Plan = { version: 2, target: 'webgpu', name: 'step', tensors: [], buffers: [], kernels: [], steps: [], needs }; // prettier-ignore

test('an adapter without numbers in halves is named with what needs them and what helps', () => {
  expect(() => checkNeeds(plan, defaultTarget)).toThrow(
    /^this device cannot run the plan step: the adapter lacks shader-f16\.\n`precision \{ compute = f16 \}` .* --device cpu has both\.$/,
  );
  expect(() => checkNeeds(plan, { ...defaultTarget, features: ['shader-f16'] })).not.toThrow();
});
