// Takes: a contract group and a target. Gives: the schedule its kernel follows.
// Promises: a function of the group's sizes and the target alone.
import type { ContractGroup } from '../../5-optimize/groups.ts';
import type { Target } from '../../7-plan/plan.ts';
import { pointCount } from '../wgsl/touched.ts';
import type { RegisterTile } from './register-tile.ts';

export type ContractSchedule = RegisterTile;

export function contractSchedule(group: ContractGroup, target: Target): ContractSchedule {
  return softwareSchedule(group, target);
}

/** Loads decide: on a software adapter each is a gather, and costs ten times a multiplication. */
function softwareSchedule(group: ContractGroup, target: Target): RegisterTile {
  const [m, n] = [pointCount(group.m), pointCount(group.n)];
  const lanes = 8;
  const rows = Math.ceil(m / Math.ceil(m / 8));
  const columns = Math.floor(Math.min(16 / group.accumulators.length / rows, n / lanes, 4));
  const broadcast = target.features.includes('subgroups') && target.subgroupSize === lanes;
  return { kind: 'register', rows, columns: Math.max(1, columns), lanes, broadcast };
}
