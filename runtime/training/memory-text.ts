// Takes: what the Plans of a training run hold, and how many layers are computed again. Gives: a sentence for people.
// Promises: the parts add up to the whole.
import { formatBytes } from '../../compiler/7-plan/plan-error.ts';
import { sessionMemory } from '../../compiler/7-plan/plan-stats.ts';
import { type TrainingPlans, trainingPlanList } from '../../compiler/compile.ts';

/** `memory: 2.5 GiB (parameters 372 MiB, optimizer state 745 MiB, activations 1.4 GiB, inputs and outputs 129 KiB)` */
export function memoryText(plans: TrainingPlans): string {
  const { parameters, states, arenas, others, total } = sessionMemory(trainingPlanList(plans));
  const parts = { parameters, 'optimizer state': states, activations: arenas, 'inputs and outputs': others };
  const list = Object.entries(parts).map(([name, bytes]) => `${name} ${formatBytes(bytes)}`);
  const { recomputed, all } = plans.blocks;
  const again = recomputed === 0 ? '' : `; ${recomputed} of ${all} layers are computed again in the backward pass`;
  return `memory: ${formatBytes(total)} (${list.join(', ')})${again}`;
}
