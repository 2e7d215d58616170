// Takes: the sides of an attention pass and a target. Gives: the tiles for subgroups that multiply matrices, if it has such.
// Promises: a function of shapes, types and the target; none where an operand is no cast of halves or rows are few.
import type { WebGpuTarget } from '../../../../7-plan/plan.ts';
import type { Sides } from '../../../analysis/attention-sides.ts';
import { pointCount } from '../../../analysis/touched.ts';
import { matrixLayout, matrixTileBytes, SIDE, SUBGROUP, sumParts } from './matrix-layout.ts';
import type { MatrixTile } from './matrix-layout.ts';
import { halvesOf } from './stage-halves.ts';

/** Registers of a lane for operands of the rows and for sums: more are spilled. */
const REGISTERS = 192;

const plain = { ahead: true, turns: false };

/**
 * Of 16 x 12 heads of 64, 1024 queries and keys, causal, on an H200, forward, gradient of queries, of keys and values, in ms:
 * 64 x 16: 0.25, 0.30, 0.42; 64 x 32: 0.24, 0.43, 0.58; 128 x 32: 0.30, 0.32, 0.47; 32 x 16: 0.28, 0.38, 0.48.
 * (Measured before values stood in the place of keys.) A multiprocessor gives workgroups some 48 KiB of its memory in all, so
 * small tiles run beside each other.
 */
const tiles: readonly MatrixTile[] = [
  { rows: 64, columns: 16, down: 4, across: 1, ...plain },
  { rows: 32, columns: 16, down: 2, across: 1, ...plain },
  { rows: 16, columns: 16, down: 1, across: 1, ...plain },
];

/** What else may be the fastest of a shape, as a device may find out. */
const others: readonly MatrixTile[] = [
  { rows: 64, columns: 32, down: 2, across: 2, ...plain },
  { rows: 64, columns: 32, down: 4, across: 2, ...plain },
  { rows: 128, columns: 16, down: 4, across: 1, ...plain },
];
const inTurns: readonly MatrixTile[] = [
  { rows: 64, columns: 16, down: 4, across: 1, ahead: true, turns: true },
  { rows: 64, columns: 32, down: 4, across: 2, ahead: true, turns: true },
  { rows: 128, columns: 16, down: 8, across: 1, ahead: true, turns: true },
];

/** First the one that is taken where nothing was measured. */
export function matrixTiles(sides: Sides, target: WebGpuTarget): readonly MatrixTile[] {
  const { subgroupMatrices = [], subgroupSize } = target;
  const able = subgroupMatrices.some(
    ({ component, result, M, N, K }) =>
      component === 'f16' && result === 'f32' && M === SIDE && N === SIDE && K === SIDE,
  );
  if (!able || subgroupSize !== SUBGROUP || pointCount(sides.rows) < SIDE) return [];
  const operands = [...sides.products.flatMap(({ row, column }) => [row, column]), ...sides.sums.map(({ column }) => column)]; // prettier-ignore
  if (!operands.every((operand) => halvesOf(operand))) return [];
  const first = tiles.find((tile) => fits(sides, target, tile));
  if (!first) return [];
  const more = sides.products.length > 1 ? [...others, ...inTurns] : others;
  return [first, ...more.filter((tile) => fits(sides, target, tile))];
}

function fits(sides: Sides, { maxWorkgroupStorage, maxInvocations }: WebGpuTarget, tile: MatrixTile): boolean {
  const { lanes, rowParts, rows } = matrixLayout(sides, tile);
  const octets = [...rows.values()].flat().reduce((sum, one) => sum + one.octets, 0);
  const sums = sides.sums.reduce((sum, one) => sum + sumParts(one, tile), 0);
  const registers = rowParts * (2 * octets + 8 * sums);
  const few = tile.rows > SIDE && tile.rows >= 2 * pointCount(sides.rows);
  return (
    !few && registers <= REGISTERS && matrixTileBytes(sides, tile) <= maxWorkgroupStorage && lanes <= maxInvocations
  );
}
