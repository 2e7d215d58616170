// Takes: a Plan. Gives: how many dispatches and kernels it has, and what it holds in memory.
// Promises: every byte the engine allocates for the plan is counted once.
import type { Plan, TensorRole } from './plan.ts';

export interface PlanStats {
  readonly dispatches: number;
  /** Distinct ones: pipelines to compile. */
  readonly kernels: number;
  /** Dispatches by family. */
  readonly families: Readonly<Record<string, number>>;
  readonly arenaBytes: number;
  /** All tensors with a name. */
  readonly tensorBytes: number;
  /** Parameters and states. */
  readonly persistentBytes: number;
  readonly bytesByRole: Readonly<Record<TensorRole, number>>;
  readonly totalBytes: number;
}

export function planStats(plan: Plan): PlanStats {
  const families: Record<string, number> = {};
  for (const step of plan.steps) {
    const family = plan.kernels[step.kernel]?.family ?? 'unknown';
    families[family] = (families[family] ?? 0) + 1;
  }
  const bytesByRole: Record<TensorRole, number> = { parameter: 0, state: 0, input: 0, output: 0, constant: 0 };
  for (const tensor of plan.tensors) bytesByRole[tensor.role] += plan.buffers[tensor.buffer]?.bytes ?? 0;
  const bytes = (kind?: 'arena' | 'tensor'): number =>
    plan.buffers.reduce((sum, buffer) => sum + (kind === undefined || buffer.kind === kind ? buffer.bytes : 0), 0);
  return {
    dispatches: plan.steps.length,
    kernels: plan.kernels.length,
    families,
    arenaBytes: bytes('arena'),
    tensorBytes: bytes('tensor'),
    persistentBytes: bytesByRole.parameter + bytesByRole.state,
    bytesByRole,
    totalBytes: bytes(),
  };
}
