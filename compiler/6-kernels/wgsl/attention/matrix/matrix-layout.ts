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
  /** Whether two products are read one after the other from the same place, for one more barrier each and half the memory. */
  readonly turns: boolean;
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
  /** Of a row, in units of 8 halves: so many from `first` on. */
  readonly octets: number;
  readonly first: number;
  readonly region: Region;
  /** It is needed by sums only, and stands where an operand of the products stood. */
  readonly late: boolean;
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
  /** Of the rows, by the name of the product: one part after the other, before anything else stands there. */
  readonly rows: ReadonlyMap<string, readonly Staged[]>;
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
  const columns = stagedColumns(sides, tile, take);
  const { products } = sides;
  const shared = tile.turns && products.length > 1 ? take(tile.rows, tile.columns / 4 + 1) : null;
  const scores = new Map(products.map(({ name }) => [name, shared ?? take(tile.rows, tile.columns / 4 + 1)]));
  const weights = new Map(usedWeights(sides).map((name, i) => [name, placeOf([...scores.values()], shared, i, tile)]));
  const given = sides.weights.kind === 'given' && !rowsAreQueries(sides);
  const stats = given ? { lse: take(1, tile.columns / 4).base, delta: take(1, tile.columns / 4).base } : null;
  const rows = new Map(products.map(({ name, axis, row }) => [name, stagedRows(axis, row, free, tile)]));
  return {
    lanes, share: lanes / tile.rows, rowParts: tile.rows / SIDE / tile.down, columnParts: tile.columns / SIDE / tile.across,
    columns, rows, scores, weights, stats, shares: columns[0]?.region.base ?? 0, size: free,
  }; // prettier-ignore
}

const usedWeights = ({ sums }: Sides): readonly string[] => [...new Set(sums.map(({ weight }) => weight))];

/** Weights take half of the room of the scores they are made of: two of them fit where all scores stand in one place. */
function placeOf(scores: readonly Region[], shared: Region | null, i: number, tile: MatrixTile): Region {
  const { base, stride } = shared ?? scores[i] ?? { base: 0, stride: 0 };
  return { base: base + (shared ? (i * tile.columns) / 8 : 0), stride };
}

function stagedColumns(sides: Sides, tile: MatrixTile, take: (count: number, stride: number) => Region): Staged[] {
  const columns: Omit<Staged, 'region'>[] = [];
  const multiplied = sides.products.map(({ axis, column }) => ({ axis, expr: column, unit: SIDE }));
  const summed = sides.sums.map(({ axis, column }) => ({ axis, expr: column, unit: SIDE * tile.across }));
  for (const { axis, expr, unit } of [...summed, ...multiplied]) {
    if (findStaged(columns, expr, axis)) continue;
    const late = !findStaged(multiplied, expr, axis);
    columns.push({ name: `c${columns.length}`, expr, axis, octets: octetsOf(axis, unit), first: 0, late });
  }
  const early = columns
    .filter(({ late }) => !late)
    .map((one) => ({ ...one, region: take(tile.columns, one.octets + 1) }));
  const place = early.find(({ expr, axis }) => !findStaged(summed, expr, axis));
  return [...early, ...columns.filter(({ late }) => late).map((one): Staged => {
    const fits = place && one.octets <= place.octets;
    return { ...one, region: fits ? { base: place.region.base, stride: one.octets + 1 } : take(tile.columns, one.octets + 1) };
  })]; // prettier-ignore
}

/** As many octets of the rows at a time as there is room for. */
function stagedRows(axis: Axis, expr: Expr, room: number, { rows }: MatrixTile): readonly Staged[] {
  const octets = octetsOf(axis, SIDE);
  const most = Math.max(2, Math.min(octets, 2 * Math.floor((room / rows - 1) / 2)));
  return Array.from({ length: Math.ceil(octets / most) }, (_, i) => {
    const size = Math.min(most, octets - i * most);
    return { name: 'r', expr, axis, octets: size, first: i * most, region: { base: 0, stride: size + 1 }, late: false };
  });
}

export function findStaged<T extends Pick<Staged, 'expr' | 'axis'>>(
  staged: readonly T[],
  expr: Expr,
  axis: Axis,
): T | undefined {
  return staged.find((one) => one.expr === expr && one.axis.name === axis.name);
}

/** Matrices of a subgroup along the axis of a sum. */
export const sumParts = ({ axis }: Sides['sums'][number], { across }: MatrixTile): number =>
  Math.ceil(axis.size / SIDE / across);

export const matrixTileBytes = (sides: Sides, tile: MatrixTile): number => 16 * matrixLayout(sides, tile).size + 16;

export const matrixTileWorkgroups = ({ group, rows }: Sides, tile: MatrixTile): number =>
  pointCount(group.batch) * Math.ceil(pointCount(rows) / tile.rows);
