// Products of halves: the kernels that multiply matrices of a subgroup, emulated where the device has none, and all others.
import { expect, test } from 'vitest';
import { lowerContract } from '../../compiler/6-kernels/wgsl/contract/lower-contract.ts';
import type { ContractSchedule } from '../../compiler/6-kernels/wgsl/contract/schedule.ts';
import { gatedUnit, inHalves, intoHalves, layouts, product2, residualSum, shape } from './contract-programs.ts';
import type { Case, Layout } from './contract-programs.ts';
import { expectMatch, useDevice } from './harness.ts';
import { withoutMatrices } from './matrix-emulation.ts';
import { axis } from './programs.ts';

const device = useDevice();
const tolerance = { relative: 1e-5, absolute: 1e-4 };

/** The tiles are small, as every invocation multiplies all of a matrix. */
const large: ContractSchedule = { kind: 'matrix', rows: 32, columns: 32, depth: 32, subgroupRows: 16, subgroupColumns: 16, lanes: 8, matrix: { M: 16, N: 16, K: 16 } }; // prettier-ignore
const flat: ContractSchedule = { kind: 'matrix', rows: 32, columns: 16, depth: 16, subgroupRows: 32, subgroupColumns: 16, lanes: 4, matrix: { M: 16, N: 8, K: 8 } }; // prettier-ignore

async function match(
  made: Case,
  allowed = tolerance,
  schedules: readonly ContractSchedule[] = [large, flat],
): Promise<void> {
  // prettier-ignore
  const { program, values } = made;
  for (const schedule of schedules) {
    await expectMatch(device(), program, values, allowed, {
      lower: (p, group, target) => {
        if (group.kind !== 'contract') throw new Error('a product');
        return lowerContract(p, group, target, schedule);
      },
      rewrite: withoutMatrices,
    });
  }
}

test.each([
  [64, 48, 96],
  [9, 8, 8],
  [33, 40, 56],
  [40, 24, 200],
])('%i x %i over %i', async (m, n, k) => {
  await match(inHalves(product2(shape(m, n, k))));
});

const names = Object.keys(layouts) as Layout[];
const pairs = names.flatMap((a) => names.map((b) => [a, b] as const));
test.each(pairs)('a as %s, b as %s: whole octets and parts of them', async (a, b) => {
  const parts = (m: number, n: number, k: number) => ({ batch: [axis('batch', 2)], m: [axis('m', m)], n: [axis('n', n)], k: [axis('k', k)] }); // prettier-ignore
  await match(inHalves(product2(parts(40, 24, 48), a, b)));
  await match(inHalves(product2(parts(19, 21, 22), a, b)), tolerance, [large]);
});

test('blocks without edges are stored as matrices', async () => {
  await match(inHalves(product2({ batch: [axis('batch', 2)], m: [axis('m', 64)], n: [axis('n', 32)], k: [axis('k', 40)] }, 'km', 'mk')), tolerance, [large]); // prettier-ignore
});

test('several axes each', async () => {
  const parts = { batch: [axis('batch', 2)], m: [axis('m1', 3), axis('m2', 8)], n: [axis('n', 3), axis('n2', 16)], k: [axis('k1', 3), axis('k2', 16)] }; // prettier-ignore
  await match(inHalves(product2(parts, 'km', 'mk, batch inside')));
  await match(inHalves(product2(parts, 'mk', 'km')));
});

test.each([
  [40, 24, 32],
  [9, 7, 11],
])('gate and up projections with a prologue, %i x %i over %i', async (m, n, k) => {
  await match(inHalves(gatedUnit(m, n, k)), { relative: 2e-3, absolute: 5e-3 });
  await match(intoHalves(inHalves(gatedUnit(m, n, k))), { relative: 2e-3, absolute: 5e-3 }, [large]);
});

test.each([[40, 33, 2, 12, 40]])(
  'residual of two products with a bias, in place, %i x %i',
  async (m, n, heads, depth, k) => {
    await match(inHalves(residualSum(m, n, heads, depth, k)), { relative: 2e-3, absolute: 5e-3 });
  },
);

test('the emulation leaves nothing of matrices', () => {
  const text = 'let a = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, row_major>(&m, 0u, 2u);\nlet b = subgroupMatrixLoad<subgroup_matrix_right<f16, 8, 16>, col_major>(&m, 0u, 2u);'; // prettier-ignore
  expect(withoutMatrices(text)).not.toMatch(/subgroup/);
});

/** The schedules without matrices, and WebAssembly. */
test.each([
  ['a matrix and a vector', product2(shape(1, 64, 96))],
  ['a few rows', product2(shape(5, 33, 40), 'mk', 'km')],
  ['ragged', product2(shape(35, 70, 43), 'km', 'mk')],
  ['a gated unit', gatedUnit(24, 40, 32)],
  ['a residual', residualSum(33, 34, 2, 12, 40)],
] as const)('other kernels take halves: %s', async (_, made) => {
  const { program, values } = intoHalves(inHalves(made));
  await expectMatch(device(), program, values, { relative: 2e-3, absolute: 5e-3 });
  await expectMatch(device(), program, values, { relative: 2e-3, absolute: 5e-3 }, { software: false });
});
