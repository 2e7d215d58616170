// Takes: limits in bytes. Gives: proof that as few layers are computed again as a limit asks for.
import { expect, it } from 'vitest';
import { overLimit, PlanError } from '../../compiler/7-plan/plan-error.ts';
import { defaultTarget } from '../../compiler/7-plan/default-target.ts';
import { sessionMemory } from '../../compiler/7-plan/plan-stats.ts';
import { compileTraining, trainingPlanList, type TrainingPlans } from '../../compiler/compile.ts';
import type { RecomputeSpec } from '../../compiler/2-check/model.ts';
import { fewestRecomputed } from '../../compiler/recompute-within.ts';
import { gqa, makeModel, makeTrain } from './3-graph/model/model-builder.ts';

/** Ten blocks, 100 bytes and 10 less for each. */
function search(limit: number, most = Infinity): { readonly found: number; readonly tried: readonly number[] } {
  const tried: number[] = [];
  const plansWith = (recomputed: number): number => {
    tried.push(recomputed);
    if (100 - 10 * recomputed > most) throw new PlanError('too-much-memory', 'too much', '');
    return recomputed;
  };
  const found = fewestRecomputed({ blocks: 10, limit, plansWith, bytesOf: (plans) => 100 - 10 * plans });
  return { found, tried };
}

it.each([
  [100, 0],
  [99, 1],
  [90, 1],
  [55, 5],
  [11, 9],
  [0, 10],
])('within %d bytes of 100: %d of 10 blocks', (limit, wanted) => {
  const { found, tried } = search(limit);
  expect(found).toBe(wanted);
  expect(tried.length).toBeLessThanOrEqual(6);
});

it('what the target cannot hold does not fit', () => {
  expect(search(1000, 70).found).toBe(3);
});

const model = makeModel({ mixers: Array.from({ length: 4 }, () => gqa()) });
const compile = (recompute: RecomputeSpec): TrainingPlans =>
  compileTraining(model, makeTrain({ batch: 8, seq: 16, recompute }), { target: defaultTarget });
const bytesOf = (plans: TrainingPlans): number => sessionMemory(trainingPlanList(plans)).total;

it('a limit between two numbers of layers takes the larger', () => {
  const [one, two] = [1, 2].map((first) => compile({ kind: 'blocks', first })) as [TrainingPlans, TrainingPlans];
  expect(bytesOf(two)).toBeLessThan(bytesOf(one));
  const found = compile({ kind: 'auto', limit: bytesOf(one) - 1 });
  expect(found).toEqual(two);
  expect(found.blocks).toEqual({ recomputed: 2, all: 4 });
});

it('a limit that is never kept is told with what it would take', () => {
  const [none, all] = [compile({ kind: 'none' }), compile({ kind: 'blocks', first: null })].map(bytesOf) as [number, number]; // prettier-ignore
  expect(() => compile({ kind: 'auto', limit: 1024 })).toThrow(overLimit(1024, none, all));
  expect(overLimit(1024, 4096, 2048).message).toBe(
    'recompute = auto(1 KiB): with every layer computed again the run takes 2 KiB, 4 KiB without\n' +
      'what helps: a limit of at least 2 KiB, `accumulate` (smaller parts of a batch), a smaller batch, or a shorter seq',
  );
});
