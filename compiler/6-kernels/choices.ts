// Takes: a program and a WebGPU target. Gives: the groups that several schedules could compute, and which.
// Promises: equal classes have equal kernels, so what is measured of one holds for all.
import type { Group, Program } from '../5-optimize/groups.ts';
import type { WebGpuTarget } from '../7-plan/plan.ts';
import { classOf, lowerUntuned, schedulesOf } from './wgsl/lower-group.ts';

export interface Choice {
  /** Of groups that differ in nothing a kernel sees. */
  readonly key: string;
  readonly program: Program;
  readonly group: Group;
  /** JSON; first the one that is taken where nothing was measured. */
  readonly schedules: readonly string[];
}

/** One for each group with more than one schedule. */
export function choicesOf(program: Program, target: WebGpuTarget): Choice[] {
  return program.groups.flatMap((group) => {
    const schedules = schedulesOf(program, group, target);
    if (schedules.length < 2) return [];
    return [{ key: classOf(lowerUntuned(program, group, target)), program, group, schedules }];
  });
}
