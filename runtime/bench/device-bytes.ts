// Takes: Plans of one session. Gives: what they hold on the device together.
// Promises: parameters and states are counted once, whatever plans name them; arenas are shared, the largest serves all.
import { planStats } from '../../compiler/7-plan/plan-stats.ts';
import type { Plan } from '../../compiler/7-plan/plan.ts';

export function deviceBytes(plans: readonly Plan[]): number {
  const persistent = new Map<string, number>();
  let own = 0;
  for (const plan of plans) {
    for (const { name, role, buffer } of plan.tensors) {
      const bytes = plan.buffers[buffer]?.bytes ?? 0;
      if (role === 'parameter' || role === 'state') persistent.set(name, bytes);
      else own += bytes;
    }
  }
  const arena = Math.max(0, ...plans.map((plan) => planStats(plan).arenaBytes));
  return own + arena + [...persistent.values()].reduce((sum, bytes) => sum + bytes, 0);
}
