// Takes: an attention group and a target. Gives: its kernel part.
// Promises: a running softmax over blocks of keys (FlashAttention, arXiv 2205.14135); keys beyond what the mask can show are
// not visited, so a decode step costs what its position says; a query that sees no key gives 0 and lse -3.0e38.
import type { AttentionGroup, Program } from '../../5-optimize/groups.ts';
import type { Target } from '../../7-plan/plan.ts';
import type { KernelPart } from '../kernel.ts';
import { lowerSides } from './lower-sides.ts';

export function lowerAttention(program: Program, group: AttentionGroup, target: Target): KernelPart {
  return lowerSides(program, group, target);
}
