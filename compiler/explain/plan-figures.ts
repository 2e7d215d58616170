// Takes: a checked model and its train block. Gives: what its Plans need: dispatches, memory, with and without fusion.
// Promises: figures of the very Plans that training and generation run; what cannot be planned is said in a sentence.
import type { Model, TrainSpec } from '../2-check/model.ts';
import type { Plan, Target } from '../7-plan/plan.ts';
import { planStats } from '../7-plan/plan-stats.ts';
import { compileGeneration, compileTraining } from '../compile.ts';

export interface PlanFigures {
  readonly name: string;
  readonly dispatches: number;
  readonly dispatchesUnfused: number;
  readonly kernels: number;
  /** Intermediate results, with reuse; all tensors together. */
  readonly arenaBytes: number;
  readonly totalBytes: number;
}

/** Training step (when there is a train block), prefill of one chunk, and one decoded token. */
export function planFigures(model: Model, train: TrainSpec | undefined, target: Target): PlanFigures[] {
  const fused = plansOf(model, train, target, true);
  const unfused = plansOf(model, train, target, false);
  return fused.map(({ name, plans }, i) => {
    const stats = plans.map(planStats);
    const plain = (unfused[i]?.plans ?? []).map(planStats);
    return {
      name,
      dispatches: sum(stats.map(({ dispatches }) => dispatches)),
      dispatchesUnfused: sum(plain.map(({ dispatches }) => dispatches)),
      kernels: sum(stats.map(({ kernels }) => kernels)),
      arenaBytes: Math.max(...stats.map(({ arenaBytes }) => arenaBytes)),
      totalBytes: Math.max(...stats.map(({ arenaBytes, tensorBytes }) => arenaBytes + tensorBytes)),
    };
  });
}

interface NamedPlans {
  readonly name: string;
  readonly plans: readonly Plan[];
}

function plansOf(model: Model, train: TrainSpec | undefined, target: Target, fusion: boolean): NamedPlans[] {
  const { prefill, decode } = compileGeneration(model, { target, fusion });
  const generation = [
    { name: 'prefill', plans: [prefill] },
    { name: 'decode one token', plans: [decode] },
  ];
  if (train === undefined) return generation;
  const plans = compileTraining(model, train, { target, fusion });
  const step = plans.kind === 'whole' ? [plans.step] : [plans.accumulate, plans.apply];
  return [{ name: 'training step', plans: step }, ...generation];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
