// Takes: the sides of an attention pass and a target. Gives: the tile for subgroups that multiply matrices, if it has such.
// Promises: a function of shapes, types and the target; null where an operand is no cast of halves or rows are few.
import type { WebGpuTarget } from '../../../../7-plan/plan.ts';
import type { Sides } from '../../../analysis/attention-sides.ts';
import { pointCount } from '../../../analysis/touched.ts';
import { matrixLayout, matrixTileBytes, SIDE, SUBGROUP } from './matrix-layout.ts';
import type { MatrixTile } from './matrix-layout.ts';
import { halvesOf } from './stage-halves.ts';

/** The fastest first, the one with least memory last. */
const tiles: readonly MatrixTile[] = [
  { rows: 64, columns: 16, down: 4, across: 1, ahead: true },
  { rows: 32, columns: 16, down: 2, across: 1, ahead: true },
  { rows: 16, columns: 16, down: 1, across: 1, ahead: false },
];

export function matrixTile(sides: Sides, target: WebGpuTarget): MatrixTile | null {
  const { subgroupMatrices = [], subgroupSize, maxWorkgroupStorage, maxInvocations } = target;
  const able = subgroupMatrices.some(
    ({ component, result, M, N, K }) =>
      component === 'f16' && result === 'f32' && M === SIDE && N === SIDE && K === SIDE,
  );
  if (!able || subgroupSize !== SUBGROUP || pointCount(sides.rows) < SIDE) return null;
  const operands = [...sides.products.flatMap(({ row, column }) => [row, column]), ...sides.sums.map(({ column }) => column)]; // prettier-ignore
  if (!operands.every((operand) => halvesOf(operand))) return null;
  const fits = (tile: MatrixTile): boolean =>
    matrixTileBytes(sides, tile) <= maxWorkgroupStorage && matrixLayout(sides, tile).lanes <= maxInvocations;
  return tiles.find(fits) ?? null;
}
