// Takes: a checked model and its train block. Gives: what its Plans need: dispatches, memory, with and without fusion.
// Promises: figures of the very Plans that training and generation run; what cannot be planned is said in a sentence.
import type { Model, TrainSpec } from '../2-check/model.ts';
import type { Plan, Target } from '../7-plan/plan.ts';
import { planStats, sessionMemory } from '../7-plan/plan-stats.ts';
import { compileGeneration, compileTraining, trainingPlanList } from '../compile.ts';
import type { GenerationPlans, TrainingPlans } from '../compile.ts';

export interface PlanFigures {
  readonly name: string;
  readonly dispatches: number;
  readonly dispatchesUnfused: number;
  readonly kernels: number;
  /** Intermediate results, with reuse; all that is held while it runs, validation beside a training step. */
  readonly arenaBytes: number;
  readonly totalBytes: number;
}

/** Training step (when there is a train block), prefill of one chunk, and one decoded token. */
export function planFigures(model: Model, train: TrainSpec | undefined, target: Target): PlanFigures[] {
  const training = train && compileTraining(model, train, { target });
  const fused = plansOf(training, compileGeneration(model, { target }));
  // Without fusion a limit in bytes would be another one: as many layers are computed again.
  const recompute = { kind: 'blocks', first: training?.blocks.recomputed ?? 0 } as const;
  const plainTraining = train && compileTraining(model, { ...train, recompute }, { target, fusion: false });
  const unfused = plansOf(plainTraining, compileGeneration(model, { target, fusion: false }));
  return fused.map(({ name, plans, loaded }, i) => {
    const stats = plans.map(planStats);
    const plain = (unfused[i]?.plans ?? []).map(planStats);
    return {
      name,
      dispatches: sum(stats.map(({ dispatches }) => dispatches)),
      dispatchesUnfused: sum(plain.map(({ dispatches }) => dispatches)),
      kernels: sum(stats.map(({ kernels }) => kernels)),
      arenaBytes: Math.max(...stats.map(({ arenaBytes }) => arenaBytes)),
      totalBytes: sessionMemory(loaded).total,
    };
  });
}

interface NamedPlans {
  readonly name: string;
  readonly plans: readonly Plan[];
  /** What is in memory together. */
  readonly loaded: readonly Plan[];
}

function plansOf(training: TrainingPlans | undefined, { prefill, decode }: GenerationPlans): NamedPlans[] {
  const generation = [
    { name: 'prefill', plans: [prefill], loaded: [prefill] },
    { name: 'decode one token', plans: [decode], loaded: [decode] },
  ];
  if (training === undefined) return generation;
  const step = training.kind === 'whole' ? [training.step] : [training.accumulate, training.apply];
  return [{ name: 'training step', plans: step, loaded: trainingPlanList(training) }, ...generation];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
