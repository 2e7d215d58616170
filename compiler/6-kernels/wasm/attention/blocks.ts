// Takes: the sides of an attention pass. Gives: how it is cut into blocks, and where they lie in a thread's scratch memory.
// Promises: a row's result is the same bits however many rows stand in a block: blocks of columns start at multiples of their size.
import type { Axis } from '../../../5-optimize/groups.ts';
import type { WasmTarget } from '../../../7-plan/plan.ts';
import { pointCount } from '../../analysis/touched.ts';
import type { Sides } from '../../analysis/attention-sides.ts';
import { PANEL } from '../contract/tile-product.ts';

export interface Blocks {
  /** Columns are packed for many rows; few rows read them directly where they lie. */
  readonly kind: 'packed' | 'direct';
  /** Of a workgroup; its columns are packed once for all of them. A multiple of `strip`. */
  readonly rows: number;
  /** Rows weighed together, each strip against the columns that it may see. */
  readonly strip: number;
  /** A power of two, and a multiple of a panel. */
  readonly columns: number;
}

/** Rows of f32 or panels: first byte, and bytes from row to row. */
export interface Area {
  readonly at: number;
  readonly stride: number;
}

export interface Areas {
  readonly bytes: number;
  /** Rows of every product's left side. */
  readonly rows: readonly Area[];
  /** Panels of columns of every product; stride is that of a panel. */
  readonly products: readonly Area[];
  /** What becomes of every product: a strip of rows, a block of columns. */
  readonly pairs: readonly Area[];
  /** Panels along the axis of every sum, a step per column; stride is that of a panel of a whole block. */
  readonly panels: readonly Area[];
  /** Every sum's rows. */
  readonly sums: readonly Area[];
  /** What the weights ask of a column alone; as many as `staged`. */
  readonly staged: readonly Area[];
  /** Maximum so far and sum of e^(score - maximum) per row. */
  readonly top: Area;
  readonly total: Area;
}

export const roundUp = (size: number, step: number): number => Math.ceil(size / step) * step;

/** Of a workgroup; few where there would not be workgroups enough. */
const ROWS = { least: 16, most: 64 };
const WORKGROUPS_PER_THREAD = 8;

/**
 * Measured on one thread (AMD Zen 5, Node 20), causal, forward and backward: rows 32, 64, 128, strips of 8 and 16, and 64 or 128
 * columns lie within 5% of each other at 128 x 32 and 1024 x 64 (length x depth); strips of 32 take 5% more, and so do 256 columns.
 */
export function packedBlocks({ group, rows }: Sides, { threads }: WasmTarget): Blocks {
  const [size, batch] = [pointCount(rows), pointCount(group.batch)];
  const enough = WORKGROUPS_PER_THREAD * threads;
  let block = ROWS.most;
  while (block > ROWS.least && (block / 2 >= size || batch * Math.ceil(size / block) < enough)) block /= 2;
  return { kind: 'packed', rows: block, strip: 8, columns: 64 };
}

export function directBlocks({ rows }: Sides): Blocks {
  const size = pointCount(rows);
  return { kind: 'direct', rows: size, strip: size, columns: 256 };
}

export const blockWorkgroups = ({ group, rows }: Sides, blocks: Blocks): number =>
  pointCount(group.batch) * Math.ceil(pointCount(rows) / blocks.rows);

/** Columns a block really has room for. */
const room = ({ column }: Sides, { columns }: Blocks): number => Math.min(columns, roundUp(column.size, PANEL));

export function areasOf(sides: Sides, blocks: Blocks, staged: number): Areas {
  let bytes = 0;
  const take = (count: number, stride: number): Area => {
    const at = bytes;
    bytes = roundUp(bytes + count * stride, 64);
    return { at, stride };
  };
  const columns = room(sides, blocks);
  const width = ({ size }: Axis, step: number): number => 4 * roundUp(size, step);
  const panel = (steps: number): number => 4 * PANEL * steps;
  const packed = blocks.kind === 'packed' ? sides : { products: [], sums: [] };
  return {
    rows: sides.products.map(({ axis }) => take(blocks.rows, width(axis, 4))),
    products: packed.products.map(({ axis }) => take(columns / PANEL, panel(axis.size))),
    pairs: sides.products.map(() => take(blocks.strip, 4 * columns)),
    panels: packed.sums.map(({ axis }) => take(Math.ceil(axis.size / PANEL), panel(columns))),
    sums: sides.sums.map(({ axis }) => take(blocks.rows, width(axis, PANEL))),
    staged: Array.from({ length: staged }, () => take(1, 4 * columns)),
    top: take(blocks.rows, 4),
    total: take(blocks.rows, 4),
    bytes,
  };
}
