// Takes: a contract group and a target. Gives: the tiles in which subgroups may multiply its matrices, the best first.
// Promises: a function of the group and the target alone; none where the operands are no halves or the device lists no matrices.
import type { ContractGroup } from '../../../../5-optimize/groups.ts';
import type { SubgroupMatrix, WebGpuTarget } from '../../../../7-plan/plan.ts';
import { pointCount } from '../../../analysis/touched.ts';
import { areHalves, matrixTileFits, matrixTileWorkgroups } from './matrix-tile.ts';
import type { MatrixTile } from './matrix-tile.ts';

/** Workgroups that keep a large GPU busy: of large tiles two run side by side in a multiprocessor, of small ones several. */
const busy = ({ rows, columns }: MatrixTile): number => (rows * columns >= 64 * 64 ? 128 : 192);

/** The largest that keeps the device busy. */
export function matrixSchedule(group: ContractGroup, target: WebGpuTarget): MatrixTile | null {
  const tiles = matrixTiles(group, target);
  return tiles.find((tile) => matrixTileWorkgroups(group, tile) >= busy(tile)) ?? tiles.at(-1) ?? null;
}

/** Those whose rows and columns are not all but empty. */
export function matrixTiles(group: ContractGroup, target: WebGpuTarget): readonly MatrixTile[] {
  const matrix = matrixOf(target);
  if (!matrix || target.subgroupSize === undefined || !areHalves(group)) return [];
  const known = { kind: 'matrix', depth: 32, lanes: target.subgroupSize, matrix } as const;
  const [m, n] = [pointCount(group.m), pointCount(group.n)];
  const made = sizesFor(group.accumulators.length).map(([rows, columns]): MatrixTile => {
    return { ...known, rows, columns, subgroupRows: rows / 2, subgroupColumns: columns / 2 };
  });
  const fitting = made.filter((tile) => matrixTileFits(group, tile, target));
  const used = fitting.filter(({ rows, columns }) => 2 * m > rows && 2 * n > columns);
  return used.length > 0 ? used : fitting.slice(-1);
}

/** Of f16 into f32, as large as can be. */
function matrixOf({ features, subgroupMatrices = [] }: WebGpuTarget): SubgroupMatrix | null {
  if (!features.includes('chromium-experimental-subgroup-matrix') || !features.includes('shader-f16')) return null;
  const fitting = subgroupMatrices.filter(({ component, result, M, N, K }) => component === 'f16' && result === 'f32' && [M, N, K].every((size) => size % 8 === 0)); // prettier-ignore
  const volume = ({ M, N, K }: SubgroupMatrix): number => M * N * K;
  return fitting.reduce<SubgroupMatrix | null>((best, one) => (best && volume(best) >= volume(one) ? best : one), null);
}

/** Rows and columns of a workgroup's tile; the sums of 4 subgroups must fit into registers. */
function sizesFor(accumulators: number): readonly (readonly [number, number])[] {
  const all = [[128, 128], [128, 64], [64, 64], [32, 64], [32, 32]] as const; // prettier-ignore
  return all.filter(([rows, columns]) => rows * columns * accumulators <= 128 * 128);
}
