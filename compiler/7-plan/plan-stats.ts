// Takes: a Plan, or those that a session loads. Gives: how many dispatches and kernels, and what is held in memory.
// Promises: every byte the engine allocates is counted once.
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
  /** Parameters, their shadows, and states. */
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
  const bytesByRole: Record<TensorRole, number> = {
    parameter: 0,
    state: 0,
    shadow: 0,
    input: 0,
    output: 0,
    constant: 0,
  };
  for (const tensor of plan.tensors) bytesByRole[tensor.role] += plan.buffers[tensor.buffer]?.bytes ?? 0;
  const bytes = (kind?: 'arena' | 'tensor'): number =>
    plan.buffers.reduce((sum, buffer) => sum + (kind === undefined || buffer.kind === kind ? buffer.bytes : 0), 0);
  return {
    dispatches: plan.steps.length,
    kernels: plan.kernels.length,
    families,
    arenaBytes: bytes('arena'),
    tensorBytes: bytes('tensor'),
    persistentBytes: bytesByRole.parameter + bytesByRole.state + bytesByRole.shadow,
    bytesByRole,
    totalBytes: bytes(),
  };
}

/** What a session holds for the Plans that are loaded into it. */
export interface SessionMemory {
  /** With their shadows. */
  readonly parameters: number;
  /** Optimizer moments, gradients that are summed, caches. */
  readonly states: number;
  /** Activations, and whatever else a Plan needs between its kernels. */
  readonly arenas: number;
  /** Inputs, outputs and constants of each Plan. */
  readonly others: number;
  readonly total: number;
}

/** `plans`: in the order they are loaded. Parameters and states are one buffer a name, arenas are shared (runtime/engine/session.ts). */
export function sessionMemory(plans: readonly Plan[]): SessionMemory {
  const persistent = new Map<string, { readonly role: TensorRole; readonly bytes: number }>();
  let others = 0;
  for (const { tensors, buffers } of plans) {
    for (const { name, role, buffer } of tensors) {
      const bytes = buffers[buffer]?.bytes ?? 0;
      if (role === 'parameter' || role === 'state' || role === 'shadow') persistent.set(name, { role, bytes });
      else others += bytes;
    }
  }
  const of = (wanted: TensorRole): number =>
    [...persistent.values()].reduce((sum, { role, bytes }) => (role === wanted ? sum + bytes : sum), 0);
  const [parameters, states, arenas] = [of('parameter') + of('shadow'), of('state'), sharedArenas(plans)];
  return { parameters, states, arenas, others, total: parameters + states + arenas + others };
}

/** Each Plan takes the smallest arenas that are large enough, and new ones where there are none. */
function sharedArenas(plans: readonly Plan[]): number {
  const arenas: number[] = [];
  for (const { buffers } of plans) {
    const free = arenas.map((bytes) => ({ bytes })).sort((a, b) => a.bytes - b.bytes);
    for (const { kind, bytes } of buffers) {
      if (kind !== 'arena') continue;
      const at = free.findIndex((arena) => arena.bytes >= bytes);
      if (at < 0) arenas.push(bytes);
      else free.splice(at, 1);
    }
  }
  return arenas.reduce((sum, bytes) => sum + bytes, 0);
}
