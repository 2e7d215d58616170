// Takes: sizes of a product and what packing its operands costs. Gives: the tile a workgroup computes.
// Promises: the tile changes the time alone: every sum is in the order of k.
import { PANEL } from './tile-product.ts';

export interface Tiling {
  /** Of the result; rows a multiple of 4, columns of 16. */
  readonly rows: number;
  readonly columns: number;
  /** Steps of k between two visits of the sums; a multiple of 4. */
  readonly depth: number;
  /** Whether the packed columns of all of k are kept for the tiles below. */
  readonly kept: boolean;
}

export interface ProductSizes {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  /** Length of each loop over k. */
  readonly depths: readonly number[];
  /** Cycles to pack one step of k of one row, and of one column, over all loops; multiply-adds there. */
  readonly rowCost: number;
  readonly columnCost: number;
  readonly products: number;
  /** Operands to be kept per step of k and column. */
  readonly columnOperands: number;
}

/** Steps of k whose panel (64 KiB) and rows stay in the second cache. Measured: 256 to 1024 make no difference. */
const DEPTH = 1024;
/** Bytes of packed columns a thread keeps. Panels that lie in the third cache cost little: each serves all rows of a tile. */
const KEPT_BYTES = 2 ** 21;
/** Sums of a tile: half a MiB, half of the second cache. */
const SUMS = 2 ** 17;
const ROWS = [16, 32, 64, 128, 256, 512];
const COLUMNS = [16, 32, 64, 128, 256, 512, 1024, 2048];

/** Cycles for one multiply-add of 16 columns, and to bring one element of a block into the first cache. */
const STEP = 2 / PANEL;
const TOUCH = 0.25;
/** Cycles to begin a tile, and to wake the other threads and to wait for them. */
const TILE = 1000;
const SPREAD = 20_000;
/** Part of a tile that the other threads wait for the last one: threads are not equally fast. */
const UNEVEN = 0.25;

export function tilingFor(sizes: ProductSizes, threads: number): Tiling {
  const longest = Math.max(...sizes.depths);
  const depth = roundUp(Math.ceil(longest / Math.ceil(longest / DEPTH)), 4);
  const candidates = ROWS.flatMap((rows) =>
    COLUMNS.filter((columns) => rows * columns <= SUMS).map((columns) => even(sizes, rows, columns, depth)),
  );
  const [first, ...others] = candidates.map((tiling) => ({ tiling, cycles: cyclesOf(sizes, tiling, threads) }));
  const best = others.reduce((least, one) => (least && one.cycles >= least.cycles ? least : one), first);
  return best?.tiling ?? even(sizes, 64, 128, depth);
}

const roundUp = (size: number, to: number): number => Math.ceil(size / to) * to;

/** Tiles of about equal size. */
function even({ m, n, depths, columnOperands }: ProductSizes, rows: number, columns: number, depth: number): Tiling {
  const evenRows = roundUp(Math.ceil(m / Math.ceil(m / rows)), 4);
  const evenColumns = roundUp(Math.ceil(n / Math.ceil(n / columns)), PANEL);
  const total = depths.reduce((sum, one) => sum + one, 0);
  return { rows: evenRows, columns: evenColumns, depth, kept: 4 * total * columnOperands * evenColumns <= KEPT_BYTES };
}

/** Until the last thread is done. */
function cyclesOf(sizes: ProductSizes, { rows, columns, depth, kept }: Tiling, threads: number): number {
  const [down, across] = [Math.ceil(sizes.m / rows), Math.ceil(sizes.n / columns)];
  const k = sizes.depths.reduce((sum, one) => sum + one, 0);
  const multiplied = k * sizes.products * rows * columns * STEP;
  const touched = k * (rows * (sizes.rowCost + TOUCH) + columns * TOUCH) + (k / depth) * rows * columns * TOUCH;
  const tile = multiplied + touched + TILE;
  const packed = k * columns * sizes.columnCost;
  const ranges = guidedRanges(sizes.batch * down * across, threads);
  const start = ranges.length > 1 ? SPREAD : 0;
  const free: number[] = Array.from({ length: threads }, () => start);
  for (const [begin, end] of ranges) {
    const packs = kept ? Math.floor((end - 1) / down) - Math.floor(begin / down) + 1 : end - begin;
    const first = free.indexOf(Math.min(...free));
    free[first] = (free[first] ?? 0) + (end - begin) * tile + packs * packed;
  }
  return Math.max(...free) + (ranges.length > 1 ? UNEVEN * tile : 0);
}

/** As an engine hands tiles out: to each thread in turn a part of those left. An engine that does otherwise is slower, not wrong. */
function guidedRanges(tiles: number, threads: number): readonly (readonly [number, number])[] {
  const ranges: [number, number][] = [];
  for (let begin = 0; begin < tiles;) {
    const end = begin + Math.ceil((tiles - begin) / Math.max(2 * threads, 4));
    ranges.push([begin, end]);
    begin = end;
  }
  return ranges;
}
