// Takes: a contract group. Gives: the tile its kernel computes where subgroups multiply matrices of halves.
// Promises: sizes only; what fits says whether a device can hold it.
import type { Expr } from '../../../../3-graph/expr.ts';
import type { ContractGroup } from '../../../../5-optimize/groups.ts';
import type { SubgroupMatrix, WebGpuTarget } from '../../../../7-plan/plan.ts';
import { loopsOf } from '../../../analysis/contract-loops.ts';
import type { Loop } from '../../../analysis/contract-loops.ts';
import { pointCount } from '../../../analysis/touched.ts';
import { OCTET } from '../../wide-load.ts';

export interface MatrixTile {
  readonly kind: 'matrix';
  /** Of the result, per workgroup. */
  readonly rows: number;
  readonly columns: number;
  /** Steps of k staged at a time. */
  readonly depth: number;
  /** Of the result, per subgroup. */
  readonly subgroupRows: number;
  readonly subgroupColumns: number;
  /** Invocations of a subgroup. */
  readonly lanes: number;
  /** What is multiplied as one. */
  readonly matrix: Pick<SubgroupMatrix, 'M' | 'N' | 'K'>;
}

export const matrixTileSubgroups = (tile: MatrixTile): number =>
  (tile.rows / tile.subgroupRows) * (tile.columns / tile.subgroupColumns);

export const matrixTileLanes = (tile: MatrixTile): number => matrixTileSubgroups(tile) * tile.lanes;

export function matrixTileWorkgroups(group: ContractGroup, tile: MatrixTile): number {
  const down = Math.ceil(pointCount(group.m) / tile.rows);
  return pointCount(group.batch) * down * Math.ceil(pointCount(group.n) / tile.columns);
}

/** Matrix (i, j) of those a subgroup sums for an accumulator. */
export const accumulatorName = (index: number, i: number, j: number): string => `s${index}_${i}_${j}`;

/** Whether both operands of every product are halves, and so exact as they are multiplied. */
export const areHalves = (group: ContractGroup): boolean =>
  group.accumulators.every(({ terms }) => terms.every(({ a, b }) => half(a) !== null && half(b) !== null));

/** The halves an operand casts. */
export const half = (expr: Expr): Expr | null => (expr.kind === 'cast' && expr.x.type === 'f16' ? expr.x : null);

export const distinct = (exprs: readonly Expr[]): readonly Expr[] => [
  ...new Map(exprs.map((e) => [JSON.stringify(e), e])).values(),
];

/** Of halves staged side by side; 8 more than a row holds keep its columns from falling into one bank. */
export const rowOctets = (halves: number): number => halves / OCTET + 1;

/** Upper bound of what one loop stages, in octets: a row of either operand lies along k or along the side. */
function stagedOctets(loop: Loop, tile: MatrixTile): number {
  const a = distinct(loop.products.map((product) => product.a)).length;
  const b = distinct(loop.products.map((product) => product.b)).length;
  const most = (side: number): number => Math.max(side * rowOctets(tile.depth), tile.depth * rowOctets(side));
  return a * most(tile.rows) + b * most(tile.columns);
}

/** f32 numbers in a row of a slab: sums of `matrix.M` rows of a subgroup on their way to the stores. */
export const slabStride = (tile: MatrixTile): number => tile.subgroupColumns + OCTET;

export const slabFloats = (group: ContractGroup, tile: MatrixTile): number =>
  group.accumulators.length * tile.matrix.M * slabStride(tile);

/** Floats of workgroup memory: the staged operands, later the slabs. */
export function matrixTileFloats(group: ContractGroup, tile: MatrixTile): number {
  const staged = Math.max(...loopsOf(group).map((loop) => stagedOctets(loop, tile)));
  return Math.max(4 * staged, matrixTileSubgroups(tile) * slabFloats(group, tile));
}

export function matrixTileFits(group: ContractGroup, tile: MatrixTile, target: WebGpuTarget): boolean {
  const lanes = matrixTileLanes(tile);
  const { matrix, depth } = tile;
  const even = [
    [tile.subgroupRows, matrix.M],
    [tile.subgroupColumns, matrix.N],
    [depth, matrix.K],
    [(tile.rows * depth) / OCTET, lanes],
    [(tile.columns * depth) / OCTET, lanes],
    [lanes, depth / OCTET],
    [lanes, tile.rows / OCTET],
    [lanes, tile.columns / OCTET],
    [matrix.M, OCTET],
    [matrix.N, OCTET],
    [matrix.K, OCTET],
  ] as const;
  return (
    even.every(([whole, part]) => whole % part === 0) &&
    lanes <= target.maxInvocations &&
    4 * matrixTileFloats(group, tile) <= target.maxWorkgroupStorage
  );
}
