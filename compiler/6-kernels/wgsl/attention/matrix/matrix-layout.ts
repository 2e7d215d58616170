// Takes: the sides of an attention pass and a tile. Gives: what each subgroup multiplies, and what stands where in workgroup memory.
// Promises: a function of sizes alone; rows lie an odd number of 16 bytes apart, so that neighbours fall on different banks.
import type { Expr } from '../../../../3-graph/expr.ts';
import type { Axis } from '../../../../5-optimize/groups.ts';
import { rowsAreQueries } from '../../../analysis/attention-rows.ts';
import type { Sides } from '../../../analysis/attention-sides.ts';
import { pointCount } from '../../../analysis/touched.ts';

/** Rows, columns and steps of one matrix; invocations of a subgroup. */
export const SIDE = 16;
export const SUBGROUP = 32;

export interface MatrixTile {
  readonly rows: number;
  readonly columns: number;
  /** Subgroups along the rows, and along the columns or the axis of a sum. */
  readonly down: number;
  readonly across: number;
  /** Whether the next columns are loaded into registers while these are multiplied. */
  readonly ahead: boolean;
}

/** In units of a `vec4u`, 8 halves or 4 floats: where it starts, and from one row to the next. */
export interface Region {
  readonly base: number;
  readonly stride: number;
}

/** An operand in workgroup memory: a row of halves per row or column of the tile, zero beyond its axis. */
export interface Staged {
  readonly name: string;
  readonly expr: Expr;
  readonly axis: Axis;
  /** Of a row, in units of 8 halves. */
  readonly octets: number;
  readonly region: Region;
}

export interface MatrixLayout {
  readonly lanes: number;
  /** Lanes that share a row where scores become weights. */
  readonly share: number;
  /** Matrices of a subgroup along the rows, and along the columns of a product. */
  readonly rowParts: number;
  readonly columnParts: number;
  /** Operands of the columns, each once. */
  readonly columns: readonly Staged[];
  /** Of the rows, by the name of the product: one after the other, before anything else stands there. */
  readonly rows: ReadonlyMap<string, Staged>;
  /** By the name of the product: sums in f32. The first is also where results leave their matrices. */
  readonly scores: ReadonlyMap<string, Region>;
  /** By the name of the weight: halves, in place of scores. */
  readonly weights: ReadonlyMap<string, Region>;
  /** lse and delta of the columns, where these are queries. */
  readonly stats: { readonly lse: number; readonly delta: number } | null;
  /** 1 / the total of every row, where these are not known before. */
  readonly shares: number;
  /** Of all, in units of a `vec4u`. */
  readonly size: number;
}

const octetsOf = (axis: Axis, unit: number): number => (Math.ceil(axis.size / unit) * unit) / 8;

export function matrixLayout(sides: Sides, tile: MatrixTile): MatrixLayout {
  const lanes = tile.down * tile.across * SUBGROUP;
  let free = 0;
  const take = (count: number, stride: number): Region => {
    const base = free;
    free += count * stride;
    return { base, stride };
  };
  const columns: Staged[] = [];
  const stage = (axis: Axis, expr: Expr, unit: number): void => {
    if (findStaged(columns, expr, axis)) return;
    const octets = octetsOf(axis, unit);
    columns.push({ name: `c${columns.length}`, expr, axis, octets, region: take(tile.columns, octets + 1) });
  };
  for (const { axis, column } of sides.sums) stage(axis, column, SIDE * tile.across);
  for (const { axis, column } of sides.products) stage(axis, column, SIDE);
  const scores = new Map(sides.products.map(({ name }) => [name, take(tile.rows, tile.columns / 4 + 1)]));
  const used = [...new Set(sides.sums.map(({ weight }) => weight))];
  const regions = [...scores.values()];
  const weights = new Map(used.flatMap((name, i) => (regions[i] ? [[name as string, regions[i]]] : [])));
  const given = sides.weights.kind === 'given' && !rowsAreQueries(sides);
  const stats = given ? { lse: take(1, tile.columns / 4).base, delta: take(1, tile.columns / 4).base } : null;
  const rows = new Map(
    sides.products.map(({ name, axis, row }): [string, Staged] => {
      const octets = octetsOf(axis, SIDE);
      return [name, { name, expr: row, axis, octets, region: { base: 0, stride: octets + 1 } }];
    }),
  );
  return {
    lanes, share: lanes / tile.rows, rowParts: tile.rows / SIDE / tile.down, columnParts: tile.columns / SIDE / tile.across,
    columns, rows, scores, weights, stats, shares: columns[0]?.region.base ?? 0,
    size: Math.max(free, ...[...rows.values()].map(({ region }) => tile.rows * region.stride)),
  }; // prettier-ignore
}

export const findStaged = (staged: readonly Staged[], expr: Expr, axis: Axis): Staged | undefined =>
  staged.find((one) => one.expr === expr && one.axis.name === axis.name);

/** Matrices of a subgroup along the axis of a sum. */
export const sumParts = ({ axis }: Sides['sums'][number], { across }: MatrixTile): number =>
  Math.ceil(axis.size / SIDE / across);

export const matrixTileBytes = (sides: Sides, tile: MatrixTile): number => 16 * matrixLayout(sides, tile).size + 16;

export const matrixTileWorkgroups = ({ group, rows }: Sides, tile: MatrixTile): number =>
  pointCount(group.batch) * Math.ceil(pointCount(rows) / tile.rows);
