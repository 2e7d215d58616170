import { join } from 'node:path';
import { expect, test } from 'vitest';
import { defaultWasmTarget } from '../../../compiler/7-plan/default-target.ts';
import type { WasmTarget } from '../../../compiler/7-plan/plan.ts';
import { planStats } from '../../../compiler/7-plan/plan-stats.ts';
import { chooseModel, chooseTrain, loadModelFile } from '../../../runtime/model-file.ts';
import { compileFitting, nextSplit } from '../../../runtime/training/compile-fitting.ts';

const loaded = loadModelFile(join(import.meta.dirname, '..', '..', 'fixtures', 'tiny.model'), false);
const model = chooseModel(loaded);
const train = chooseTrain(loaded, model);

const largest = (target: WasmTarget, accumulate: number): number => {
  const { plans } = compileFitting(model, { ...train, accumulate }, { target }, () => {});
  const step = plans.kind === 'whole' ? plans.step : plans.accumulate;
  return planStats(step).totalBytes + step.needs.scratchBytes * target.threads;
};

test('a step that does not fit is split until it does, and says so', () => {
  const said: string[] = [];
  const [whole, halves] = [largest(defaultWasmTarget, 1), largest(defaultWasmTarget, 2)];
  expect(halves).toBeLessThan(whole);
  const small = { ...defaultWasmTarget, maxTotalBytes: Math.ceil((whole + halves) / 2) };
  const { accumulate, plans } = compileFitting(model, train, { target: small }, (line) => said.push(line));
  expect({ accumulate, kind: plans.kind }).toEqual({ accumulate: 2, kind: 'accumulated' });
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/the 32-bit addresses of WebAssembly reach .*: splitting each batch into 2 parts/);
});

test('what does not fit as single sequences is one sentence with what helps', () => {
  const tiny = { ...defaultWasmTarget, maxTotalBytes: 4096 };
  expect(() => compileFitting(model, train, { target: tiny }, () => {})).toThrow(
    /reach 4 KiB\nwhat helps: a smaller batch/,
  );
});

test('parts are of equal size', () => {
  expect([nextSplit(16, 1), nextSplit(12, 4), nextSplit(7, 1), nextSplit(7, 7)]).toEqual([2, 6, 7, null]);
});
