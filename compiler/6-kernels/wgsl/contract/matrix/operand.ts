// Takes: an operand of a product in halves. Gives: how a block of it is read, 8 halves at a time, and where it is staged.
// Promises: a function of layouts and sizes alone.
import type { Expr } from '../../../../3-graph/expr.ts';
import type { Axis, ContractGroup, Program } from '../../../../5-optimize/groups.ts';
import type { Loop } from '../../../analysis/contract-loops.ts';
import { walk } from '../../../analysis/expr-table.ts';
import type { Linear } from '../../../analysis/linear.ts';
import { OCTET, wideIndex } from '../../wide-load.ts';
import { WgslScope } from '../../wgsl-scope.ts';
import { contiguous } from '../contiguous.ts';
import { distinct, half, rowOctets } from './matrix-tile.ts';
import type { MatrixTile } from './matrix-tile.ts';

/** A load of 8 halves that lie side by side; `form` counts octets. */
export interface OctetLoad {
  readonly load: Extract<Expr, { kind: 'load' }>;
  readonly form: Linear;
}

export interface Operand {
  /** Of names. */
  readonly id: string;
  readonly side: 'a' | 'b';
  /** In f32, as in the products, and the halves it casts. */
  readonly expr: Expr;
  readonly halves: Expr;
  /** Axes of its own side, without k. */
  readonly axes: readonly Axis[];
  /** Points of the side in a block. */
  readonly width: number;
  /** Whether the 8 halves of an octet are neighbours in k; else they are along the side. */
  readonly alongK: boolean;
  /** What is read an octet at a time. */
  readonly octets: readonly OctetLoad[];
  /** Whether it is nothing but one octet. */
  readonly isPlain: boolean;
  /** In octets: where it is staged, the length of a row without padding, from row to row, number of rows. */
  readonly start: number;
  readonly perRow: number;
  readonly stride: number;
  readonly rows: number;
}

/** The operands of a loop, each distinct one once, staged one after the other. */
export function operandsOf(program: Program, group: ContractGroup, tile: MatrixTile, loop: Loop): readonly Operand[] {
  const operands: Operand[] = [];
  let start = 0;
  for (const side of ['a', 'b'] as const) {
    for (const [i, expr] of distinct(loop.products.map((product) => product[side])).entries()) {
      const operand = operandOf(program, group, tile, loop, side, expr);
      operands.push({ ...operand, id: `${side}${i}`, start });
      start += operand.rows * operand.stride;
    }
  }
  return operands;
}

function operandOf(
  program: Program,
  group: ContractGroup,
  tile: MatrixTile,
  loop: Loop,
  side: 'a' | 'b',
  expr: Expr,
): Omit<Operand, 'id' | 'start'> {
  const axes = side === 'a' ? group.m : group.n;
  const width = side === 'a' ? tile.rows : tile.columns;
  const halves = half(expr) ?? expr;
  const scope = WgslScope.root(program, String);
  scope.bindAxes([...group.batch, ...axes, ...loop.k], 'p');
  const stored = new Set(group.stores.map(({ tensor }) => tensor));
  const along = (axis: Axis | undefined): readonly OctetLoad[] =>
    octetLoads(program, scope, halves, axis).filter(({ load }) => !stored.has(load.tensor));
  const [byK, bySide] = [along(lastOf(loop.k)), along(lastOf(axes))];
  const alongK = byK.length >= bySide.length && (byK.length > 0 || !contiguous(scope, halves, axes));
  const octets = alongK ? byK : bySide;
  const [rows, perRow] = alongK ? [width, tile.depth / OCTET] : [tile.depth, width / OCTET];
  const isPlain = octets.length === 1 && octets[0]?.load === halves;
  return { side, expr, halves, axes, width, alongK, octets, isPlain, perRow, rows, stride: rowOctets(perRow * OCTET) };
}

/** The axis whose neighbouring points are neighbours among all. */
export const lastOf = (axes: readonly Axis[]): Axis | undefined => axes.findLast(({ size }) => size > 1);

function octetLoads(program: Program, scope: WgslScope, halves: Expr, axis: Axis | undefined): readonly OctetLoad[] {
  const found = new Map<string, OctetLoad>();
  walk([halves], (load) => {
    const form = axis && load.kind === 'load' ? wideIndex(program, scope, load, axis) : null;
    if (form && load.kind === 'load' && !found.has(JSON.stringify(load)))
      found.set(JSON.stringify(load), { load, form });
  });
  return [...found.values()];
}

/** Tensors that are bound 8 halves at a time. */
export function wideTensors(
  program: Program,
  group: ContractGroup,
  tile: MatrixTile,
  loops: readonly Loop[],
): readonly number[] {
  // prettier-ignore
  const operands = loops.flatMap((loop) => operandsOf(program, group, tile, loop));
  return [...new Set(operands.flatMap(({ octets }) => octets.map(({ load }) => load.tensor)))];
}
