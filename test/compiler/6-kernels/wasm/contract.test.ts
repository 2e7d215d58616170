import { describe, test } from 'vitest';
import { lowerContract } from '../../../../compiler/6-kernels/wasm/contract/lower-contract.ts';
import { lowerGroupToWasm } from '../../../../compiler/6-kernels/wasm/lower-group.ts';
import type { ContractSchedule } from '../../../../compiler/6-kernels/wasm/contract/lower-contract.ts';
import { gatedUnit, layouts, product2, residualSum, shape } from '../../../gpu/contract-programs.ts';
import type { Case, Layout } from '../../../gpu/contract-programs.ts';
import { axis } from '../../../gpu/programs.ts';
import { expectOracle } from './expect-oracle.ts';
import type { WasmRunOptions } from './run-program.ts';

const tolerance = { relative: 1e-5, absolute: 2e-5 };

/** Small tiles of every kind: the same code as large ones. */
const schedules: readonly ContractSchedule[] = [
  'few rows',
  { rows: 4, columns: 16, depth: 8, kept: true },
  { rows: 12, columns: 32, depth: 12, kept: false },
];

/** The schedule a group gets, and others. */
function match({ program, values }: Case): void {
  expectOracle(program, values, tolerance);
  for (const schedule of schedules) {
    const lower: WasmRunOptions['lower'] = (p, group, target) =>
      group.kind === 'contract' ? lowerContract(p, group, target, schedule) : lowerGroupToWasm(p, group, target);
    expectOracle(program, values, tolerance, { lower });
  }
}

describe('plain products', () => {
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
  ])('%i x %i over %i', (m, n, k) => match(product2(shape(m, n, k))));

  const names = Object.keys(layouts) as Layout[];
  test.each(names.flatMap((a) => names.map((b) => [a, b] as const)))('a as %s, b as %s', (a, b) =>
    match(product2({ batch: [axis('batch', 3)], m: [axis('m', 19)], n: [axis('n', 21)], k: [axis('k', 26)] }, a, b)),
  );

  test.each([
    [2, 9, 3, 6, 5, 4],
    [1, 16, 1, 16, 2, 8],
  ])('several axes each: batch %i, m %i x %i, n %i, k %i x %i', (batch, m1, m2, n, k1, k2) => {
    const parts = { batch: [axis('batch', batch)], m: [axis('m1', m1), axis('m2', m2)], n: [axis('n', n), axis('n2', 2)], k: [axis('k1', k1), axis('k2', k2)] }; // prettier-ignore
    for (const a of names) for (const b of names) match(product2(parts, a, b));
  });
});

describe('fused products', () => {
  test.each([
    [5, 7, 9],
    [24, 40, 32],
    [1, 64, 32],
    [65, 66, 24],
  ])('gate and up projections, %i x %i over %i', (m, n, k) => match(gatedUnit(m, n, k)));

  test.each([
    [9, 10, 3, 4, 5],
    [16, 32, 2, 16, 24],
    [1, 40, 2, 8, 16],
    [70, 66, 2, 12, 40],
  ])('residual of two products with a bias, %i x %i', (m, n, heads, depth, k) =>
    match(residualSum(m, n, heads, depth, k)),
  );
});
