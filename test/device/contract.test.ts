import { test } from 'vitest';
import { lowerContract } from '../../compiler/6-kernels/wgsl/contract/lower-contract.ts';
import type { ContractSchedule } from '../../compiler/6-kernels/wgsl/contract/schedule.ts';
import { lowerGroup } from '../../compiler/6-kernels/wgsl/lower-group.ts';
import { gatedUnit, layouts, product2, residualSum, shape } from './contract-programs.ts';
import type { Case, Layout } from './contract-programs.ts';
import { expectMatch, useDevice } from './harness.ts';
import type { RunOptions } from './harness.ts';
import { axis } from './programs.ts';

const device = useDevice();
const tolerance = { relative: 1e-5, absolute: 2e-5 };

/** Small tiles of every kind: the same code as large ones, but quick to compile. */
const schedules: readonly ContractSchedule[] = [
  { kind: 'register', rows: 3, columns: 2, lanes: 8, broadcast: false },
  { kind: 'split', rows: 2, columns: 2, across: 4, along: 8 },
  { kind: 'workgroup', rows: 16, columns: 8, depth: 4, laneRows: 2, laneColumns: 2 },
];

/** Where the device has subgroups of one size: one of them for a sum, and two. */
function vectorSchedules(): readonly ContractSchedule[] {
  const { subgroupSize, features } = device().target;
  if (subgroupSize === undefined || !features.includes('subgroups')) return [];
  const tile = { kind: 'vector', rows: 2, columns: 2, across: 2, subgroup: subgroupSize } as const;
  return [
    { ...tile, along: subgroupSize },
    { ...tile, along: 2 * subgroupSize, columns: 1 },
  ];
}

/** The schedule the device's own target gets, and the others. */
const match = async ({ program, values }: Case): Promise<void> => {
  await expectMatch(device(), program, values, tolerance);
  for (const schedule of [...schedules, ...vectorSchedules()]) await matchWith(schedule, { program, values });
};

const matchWith = async (schedule: ContractSchedule, { program, values }: Case): Promise<void> => {
  const lower: RunOptions['lower'] = (program, group, target) =>
    group.kind === 'contract' ? lowerContract(program, group, target, schedule) : lowerGroup(program, group, target);
  await expectMatch(device(), program, values, tolerance, { lower });
};

test.each([
  [1, 200, 96],
  [130, 70, 40],
])('the schedules of a GPU, %i x %i over %i', async (m, n, k) => {
  const { program, values } = product2(shape(m, n, k), 'mk', 'km');
  await expectMatch(device(), program, values, tolerance, { software: false });
});

test.each([
  [1, 1, 1],
  [1, 64, 96],
  [3, 5, 7],
  [2, 100, 300],
  [8, 8, 8],
  [17, 33, 12],
  [64, 48, 40],
  [100, 3, 65],
  [65, 130, 16],
  [16, 24, 700],
])('%i x %i over %i', async (m, n, k) => {
  await match(product2(shape(m, n, k)));
});

const names = Object.keys(layouts) as Layout[];
test.each(names.flatMap((a) => names.map((b) => [a, b] as const)))('a as %s, b as %s', async (a, b) => {
  await match(product2({ batch: [axis('batch', 3)], m: [axis('m', 19)], n: [axis('n', 21)], k: [axis('k', 24)] }, a, b)); // prettier-ignore
});

test.each([
  [2, 9, 3, 6, 5, 4],
  [1, 16, 1, 16, 2, 8],
])('several axes each: batch %i, m %i x %i, n %i, k %i x %i', async (batch, m1, m2, n, k1, k2) => {
  const parts = { batch: [axis('batch', batch)], m: [axis('m1', m1), axis('m2', m2)], n: [axis('n', n), axis('n2', 2)], k: [axis('k1', k1), axis('k2', k2)] }; // prettier-ignore
  await match(product2(parts, 'km', 'mk, batch inside'));
});

test.each([
  [5, 7, 9],
  [24, 40, 32],
  [1, 64, 32],
  [65, 66, 24],
])('gate and up projections, %i x %i over %i', async (m, n, k) => {
  await match(gatedUnit(m, n, k));
});

test.each([
  [9, 10, 3, 4, 5],
  [16, 32, 2, 16, 24],
  [1, 40, 2, 8, 16],
  [70, 66, 2, 12, 40],
])('residual of two products with a bias, %i x %i', async (m, n, heads, depth, k) => {
  await match(residualSum(m, n, heads, depth, k));
});

/** As a software adapter takes them for large products. */
test.each([
  ['one product', 4, product2(shape(35, 70, 43), 'km', 'mk')],
  ['a batch', 4, product2({ batch: [axis('batch', 2)], m: [axis('m', 17)], n: [axis('n', 72)], k: [axis('k', 24)] })],
  ['two accumulators', 2, gatedUnit(33, 30, 20)],
  ['two terms in place', 4, residualSum(40, 35, 2, 10, 13)],
] as const)('large tiles: %s', async (_, columns, made) => {
  const broadcast = device().target.subgroupSize === 8;
  const schedule: ContractSchedule = { kind: 'register', rows: 16, columns, lanes: 8, broadcast };
  await matchWith(schedule, made);
});
