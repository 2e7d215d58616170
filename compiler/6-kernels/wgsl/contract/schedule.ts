// Takes: a contract group and a target. Gives: the schedule its kernel follows.
// Promises: a function of the group's sizes and the target alone.
import type { ContractGroup } from '../../../5-optimize/groups.ts';
import type { WebGpuTarget } from '../../../7-plan/plan.ts';
import { pointCount } from '../../analysis/touched.ts';
import { matrixSchedule, matrixTiles } from './matrix/matrix-schedule.ts';
import type { MatrixTile } from './matrix/matrix-tile.ts';
import type { RegisterTile } from './register-tile.ts';
import { smallTile, softwareTile } from './software-tile.ts';
import { splitTileFloats } from './split-tile.ts';
import type { SplitTile } from './split-tile.ts';
import { vectorTileFloats } from './vector-tile.ts';
import type { VectorTile } from './vector-tile.ts';
import { workgroupTileFloats } from './workgroup-tile.ts';
import type { WorkgroupTile } from './workgroup-tile.ts';

export type ContractSchedule = RegisterTile | SplitTile | VectorTile | WorkgroupTile | MatrixTile;

/** Workgroups that keep a large GPU busy. */
const BUSY = 128;

/** Rows up to which a product is that of a matrix and a few vectors. */
const VECTORS = 8;

/** `alongK`: whether neighbours in memory are neighbours in k, in the operand that spans n. */
export function contractSchedule(group: ContractGroup, target: WebGpuTarget, alongK: boolean): ContractSchedule {
  if (target.software) return softwareTile(group, target);
  const matrices = pointCount(group.m) > VECTORS ? matrixSchedule(group, target) : null;
  if (matrices) return matrices;
  const candidates = [
    ...vectorSchedules(group, target, alongK),
    ...splitSchedules(group, alongK),
    ...workgroupSchedules(group, alongK),
  ];
  return candidates.find((one) => fits(group, one, target)) ?? smallTile(group, target);
}

/** All schedules that may be the fastest, first the one of `contractSchedule`. */
export function contractCandidates(
  group: ContractGroup,
  target: WebGpuTarget,
  alongK: boolean,
): readonly ContractSchedule[] {
  const first = contractSchedule(group, target, alongK);
  if (target.software) return distinct([first, smallTile(group, target)]);
  if (first.kind === 'matrix') return distinct([first, ...matrixTiles(group, target)]);
  const others = [alongK, !alongK].flatMap((along) => [...splitSchedules(group, along), ...workgroupSchedules(group, along)]); // prettier-ignore
  return distinct([first, ...others.filter((one) => fits(group, one, target))]);
}

const distinct = (schedules: readonly ContractSchedule[]): ContractSchedule[] => [
  ...new Map(schedules.map((one) => [JSON.stringify(one), one])).values(),
];

function fits(group: ContractGroup, schedule: SplitTile | VectorTile | WorkgroupTile, target: WebGpuTarget): boolean {
  if (schedule.kind === 'vector') return 4 * vectorTileFloats(group, schedule) <= target.maxWorkgroupStorage;
  const floats = schedule.kind === 'split' ? splitTileFloats(group, schedule) : workgroupTileFloats(group, schedule);
  return 4 * floats <= target.maxWorkgroupStorage && target.maxInvocations >= 256;
}

/** A matrix and a few vectors, the matrix's rows read along k by whole subgroups. */
function vectorSchedules(
  group: ContractGroup,
  { subgroupSize, features }: WebGpuTarget,
  alongK: boolean,
): readonly VectorTile[] {
  const m = pointCount(group.m);
  if (m > 8 || !alongK || subgroupSize === undefined || subgroupSize < 8 || !features.includes('subgroups')) return [];
  return [{ kind: 'vector', rows: m, columns: 1, across: 4, along: subgroupSize, subgroup: subgroupSize }];
}

/** A matrix and a few vectors. */
function splitSchedules(group: ContractGroup, alongK: boolean): readonly SplitTile[] {
  const m = pointCount(group.m);
  if (m > VECTORS) return [];
  const lanes = alongK ? { across: 4, along: 64 } : { across: 32, along: 8 };
  return [8, 4, 2].map((rows) => ({ kind: 'split', rows: Math.min(m, rows), columns: 1, ...lanes }));
}

/**
 * Measured on an H100: 21 TFLOP/s with 8 x 4 sums per invocation, but only 9 where rows of 768 are read along k; 4 x 4 sums
 * reach 18 there, and more blocks keep the device busier.
 */
function workgroupSchedules(group: ContractGroup, alongK: boolean): readonly WorkgroupTile[] {
  const [m, n] = [pointCount(group.m), pointCount(group.n)];
  const blocks = (rows: number, columns: number): number =>
    pointCount(group.batch) * Math.ceil(m / rows) * Math.ceil(n / columns);
  const large: WorkgroupTile = { kind: 'workgroup', rows: 128, columns: 64, depth: 8, laneRows: 8, laneColumns: 4 };
  const medium: WorkgroupTile = { kind: 'workgroup', rows: 64, columns: 64, depth: 16, laneRows: 4, laneColumns: 4 };
  const small: WorkgroupTile = { kind: 'workgroup', rows: 32, columns: 32, depth: 32, laneRows: 2, laneColumns: 2 };
  if (group.accumulators.length === 1 && !alongK && blocks(128, 64) >= 4 * BUSY)
    return [large, medium, { ...small, depth: 8 }];
  return blocks(64, 64) >= 2 * BUSY ? [medium, { ...small, depth: 8 }] : [small, { ...small, depth: 8 }];
}
