// Products of halves: the kernels that multiply matrices of a subgroup, emulated where the device has none, and all others.
import { expect, test } from 'vitest';
import { lowerContract } from '../../compiler/6-kernels/wgsl/contract/lower-contract.ts';
import type { MatrixTile } from '../../compiler/6-kernels/wgsl/contract/matrix/matrix-tile.ts';
import { gatedUnit, inHalves, intoHalves, product2, residualSum, shape } from './contract-programs.ts';
import type { Case, Layout } from './contract-programs.ts';
import { expectMatch, useDevice } from './harness.ts';
import { withoutMatrices } from './matrix-emulation.ts';
import { axis } from './programs.ts';

const device = useDevice();
const tolerance = { relative: 1e-5, absolute: 1e-4 };

/** Small tiles: there is a lot to emulate, and to compile. */
const small: MatrixTile = { kind: 'matrix', rows: 32, columns: 32, depth: 16, subgroupRows: 16, subgroupColumns: 16, lanes: 8, matrix: { M: 16, N: 16, K: 16 } }; // prettier-ignore
/** Two steps of a matrix in a block of k, rows staged in the order of large tiles. */
const deep: MatrixTile = { ...small, depth: 32 };
/** Several matrices of another size in a subgroup. */
const tall: MatrixTile = {
  ...small,
  columns: 16,
  subgroupRows: 32,
  subgroupColumns: 8,
  matrix: { M: 16, N: 8, K: 16 },
};

async function match({ program, values }: Case, allowed = tolerance, tile = small): Promise<void> {
  await expectMatch(device(), program, values, allowed, {
    lower: (p, group, target) => {
      if (group.kind !== 'contract') throw new Error('a product');
      return lowerContract(p, group, target, tile);
    },
    rewrite: (code) => withoutMatrices(code, tile.lanes),
  });
}

test.each([
  ['whole blocks', 64, 32, 64, deep],
  ['less than a block', 9, 8, 8, small],
  ['ragged', 33, 40, 56, deep],
  ['several matrices', 40, 24, 72, tall],
] as const)('%s: %i x %i over %i', async (_, m, n, k, tile) => {
  await match(inHalves(product2(shape(m, n, k))), tolerance, tile);
});

const pairs: readonly (readonly [Layout, Layout])[] = [['mk', 'mk'], ['mk', 'km'], ['km', 'mk'], ['km', 'km'], ['mk, batch inside', 'km']]; // prettier-ignore
test.each(pairs)('a as %s, b as %s: whole octets and parts of them', async (a, b) => {
  const parts = (m: number, n: number, k: number) => ({ batch: [axis('batch', 2)], m: [axis('m', m)], n: [axis('n', n)], k: [axis('k', k)] }); // prettier-ignore
  await match(inHalves(product2(parts(40, 24, 48), a, b)));
  if (a === b) await match(inHalves(product2(parts(19, 21, 22), a, b)));
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
  await match(intoHalves(inHalves(gatedUnit(m, n, k))), { relative: 2e-3, absolute: 5e-3 });
});

test.each([33, 32])('residual of two products with a bias, in place, %i columns', async (width) => {
  await match(inHalves(residualSum(40, width, 2, 12, 40)), { relative: 2e-3, absolute: 5e-3 });
});

test('the emulation leaves nothing of matrices', () => {
  const text = 'let a = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, row_major>(&m, 0u, 2u);\nlet b = subgroupMatrixLoad<subgroup_matrix_right<f16, 8, 16>, col_major>(&m, 0u, 2u);'; // prettier-ignore
  expect(withoutMatrices(text, 8)).not.toMatch(/subgroup/);
});

/** The schedules without matrices, and WebAssembly. */
test.each([
  ['a matrix and a vector', product2(shape(1, 64, 96))],
  ['a few rows', product2(shape(5, 33, 40), 'mk', 'km')],
  ['ragged', product2(shape(19, 37, 13), 'km', 'mk')],
  ['a gated unit', gatedUnit(24, 40, 32)],
  ['a residual', residualSum(9, 10, 2, 4, 8)],
] as const)('other kernels take halves: %s', async (_, made) => {
  const { program, values } = intoHalves(inHalves(made));
  await expectMatch(device(), program, values, { relative: 2e-3, absolute: 5e-3 });
  await expectMatch(device(), program, values, { relative: 2e-3, absolute: 5e-3 }, { software: false });
});
