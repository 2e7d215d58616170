// Takes: a limit in bytes, how many blocks can be computed again, and what makes Plans with so many of them.
// Gives: the Plans with the fewest that stay within the limit.
// Promises: the fewest by bisection, as more of them never take more memory but for the gaps of an arena.
import { overLimit, PlanError } from './7-plan/plan-error.ts';

export interface Candidates<T> {
  readonly blocks: number;
  readonly limit: number;
  readonly plansWith: (recomputed: number) => T;
  readonly bytesOf: (plans: T) => number;
}

/** @throws PlanError `over-limit` when all blocks together are not enough. */
export function fewestRecomputed<T>({ blocks, limit, plansWith, bytesOf }: Candidates<T>): T {
  const none = attempt(() => plansWith(0), bytesOf);
  if (none.bytes <= limit) return none.plans();
  let best = attempt(() => plansWith(blocks), bytesOf);
  if (best.bytes > limit) throw overLimit(limit, none.bytes, best.bytes);
  let [over, within] = [0, blocks];
  while (within - over > 1) {
    const middle = Math.floor((over + within) / 2);
    const next = attempt(() => plansWith(middle), bytesOf);
    if (next.bytes <= limit) [within, best] = [middle, next];
    else over = middle;
  }
  return best.plans();
}

interface Attempt<T> {
  /** Infinity where the target itself cannot hold as much. */
  readonly bytes: number;
  /** @throws PlanError */
  readonly plans: () => T;
}

function attempt<T>(make: () => T, bytesOf: (plans: T) => number): Attempt<T> {
  try {
    const plans = make();
    return { bytes: bytesOf(plans), plans: () => plans };
  } catch (error) {
    if (!(error instanceof PlanError) || error.code !== 'too-much-memory') throw error;
    return {
      bytes: Infinity,
      plans: () => {
        throw error;
      },
    };
  }
}
