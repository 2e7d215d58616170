// Takes: an attention gradient group and a target. Gives: its kernel part.
// Promises: pass query holds queries and walks keys; pass key holds keys and walks the queries of every head that shares
// them. Probabilities are recomputed from lse (FlashAttention-2, arXiv 2307.08691); no atomics.
import type { AttentionGradGroup, Program } from '../../5-optimize/groups.ts';
import type { Target } from '../../7-plan/plan.ts';
import type { KernelPart } from '../kernel.ts';
import { lowerSides } from './lower-sides.ts';

export function lowerAttentionGrad(program: Program, group: AttentionGradGroup, target: Target): KernelPart {
  return lowerSides(program, group, target);
}
