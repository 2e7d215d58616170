// Takes: a contract group. Gives: its kernel part: each lane sums rows x columns of the result in registers.
// Promises: no barriers, no workgroup memory; the order of every sum is that of k.
import type { Expr } from '../../../3-graph/expr.ts';
import type { Axis, ContractGroup } from '../../../5-optimize/groups.ts';
import { pointCount } from '../../analysis/touched.ts';
import type { WgslScope } from '../wgsl-scope.ts';
import { axesAt, count, exprAt, loopsOf, storesAt } from '../../analysis/contract-loops.ts';
import type { Loop } from '../../analysis/contract-loops.ts';
import { clampedAt, opaque } from './tile-text.ts';

export interface RegisterTile {
  readonly kind: 'register';
  /** Of the result, per lane: `rows` are shared by the lanes, `columns` are `lanes` apart. */
  readonly rows: number;
  readonly columns: number;
  readonly lanes: number;
  /**
   * The lanes are one subgroup: each loads `a` at a k of its own, and gets what the others loaded by shuffles. One load
   * then serves `lanes` steps of k.
   */
  readonly broadcast: boolean;
}

export function registerTileWorkgroups(group: ContractGroup, tile: RegisterTile): number {
  const rows = Math.ceil(pointCount(group.m) / tile.rows);
  const columns = Math.ceil(pointCount(group.n) / (tile.columns * tile.lanes));
  return pointCount(group.batch) * rows * columns;
}

const rowAt = (i: number): string => `r${i}`;
const columnAt = (j: number): string => `c${j}`;
const accumulatorName = (index: number, i: number, j: number): string => `s${index}_${i}_${j}`;

/** Writes the body; it needs no declarations. */
export function writeRegisterTile(root: WgslScope, group: ContractGroup, tile: RegisterTile): string {
  writePlace(root, group, tile);
  for (const index of group.accumulators.keys())
    for (const i of count(tile.rows))
      root.line(count(tile.columns).map((j) => `var ${accumulatorName(index, i, j)} = 0.0f;`).join(' ')); // prettier-ignore
  for (const loop of loopsOf(group)) {
    const [inner, ...outer] = [...loop.k].sort((x, y) => y.size - x.size);
    nest(root, outer, (scope) => writeLoop(scope, group, tile, loop, inner ?? { name: '#one', size: 1 }));
  }
  writeEpilogue(root, group, tile);
  return '';
}

/** Where this lane's tile lies: rows from `top`, columns from `left`; beyond the edge the last is taken again. */
function writePlace(root: WgslScope, group: ContractGroup, tile: RegisterTile): void {
  const [m, n] = [pointCount(group.m), pointCount(group.n)];
  const width = tile.columns * tile.lanes;
  const [across, down] = [Math.ceil(n / width), Math.ceil(m / tile.rows)];

  root.line(
    `let batch = wg / ${across * down}u;`,
    `let top = wg / ${across}u % ${down}u * ${tile.rows}u;`,
    `let left = wg % ${across}u * ${width}u + lane;`,
  );
  root.bindAxes(group.batch, 'batch');
  for (const i of count(tile.rows)) {
    root.line(`let row${i} = ${clampedAt('top', i, m, tile.rows)};`);
    root.bindAxes(axesAt(group.m, rowAt(i)), `row${i}`);
  }
  for (const j of count(tile.columns)) {
    root.line(`let column${j} = ${clampedAt('left', j * tile.lanes, n, width)};`);
    root.bindAxes(axesAt(group.n, columnAt(j)), `column${j}`);
  }
}

function nest(scope: WgslScope, axes: readonly Axis[], write: (scope: WgslScope) => void): void {
  const [first, ...rest] = axes;
  if (!first) return write(scope);
  const name = scope.fresh('k');
  scope.block(`for (var ${name} = 0; ${name} < ${opaque(first.size)}; ${name}++)`, (inner) => {
    inner.bind(first.name, name, first.size);
    nest(inner, rest, write);
  });
}

function writeLoop(root: WgslScope, group: ContractGroup, tile: RegisterTile, loop: Loop, k: Axis): void {
  const name = root.fresh('k');
  const step = tile.broadcast ? tile.lanes : 1;
  root.block(`for (var ${name} = 0; ${name} < ${opaque(k.size)}; ${name} += ${step})`, (scope) => {
    if (tile.broadcast) return writeBroadcast(scope, group, tile, loop, k, name);
    scope.bind(k.name, name, k.size);
    const a = (expr: Expr, i: number): string => scope.value(exprAt(expr, group.m, rowAt(i)));
    writeStep(scope, tile, loop, a, (expr, j) => scope.value(exprAt(expr, group.n, columnAt(j))));
  });
}

/** Each lane loads `a` at its own k; then one k after the other, every lane gets what the lane of that k loaded. */
function writeBroadcast(
  scope: WgslScope,
  group: ContractGroup,
  tile: RegisterTile,
  loop: Loop,
  k: Axis,
  name: string,
): void {
  const even = k.size % tile.lanes === 0;
  const own = `${name} + i32(lane)`;
  scope.bind(`${k.name}#lane`, scope.let(even ? own : `min(${own}, ${k.size - 1})`, 'own'), k.size);
  const held = new Map(loop.products.map(({ a }) => [a, holdRows(scope, group, tile, a, k)]));
  const q = scope.fresh('q');
  const stop = `${name} + ${tile.lanes}`;
  scope.block(`for (var ${q} = ${name}; ${q} < ${even ? stop : `min(${stop}, ${k.size})`}; ${q}++)`, (inner) => {
    inner.bind(k.name, q, k.size);
    const from = inner.let(`u32(${q} - ${name})`, 'from');
    const a = (expr: Expr, i: number): string => {
      const { text = '', varies = false } = held.get(expr)?.[i] ?? {};
      return varies ? inner.let(`subgroupShuffle(${text}, ${from})`, 'x') : text;
    };
    writeStep(inner, tile, loop, a, (expr, j) => inner.value(exprAt(expr, group.n, columnAt(j))));
  });
}

/**
 * What each lane loads at its own k, for every row; `varies`: it does with k. A copy of it: lavapipe keeps a value that lives
 * long in memory, and would write and read all of it for each lane that is loaded.
 */
function holdRows(
  scope: WgslScope,
  group: ContractGroup,
  tile: RegisterTile,
  a: Expr,
  k: Axis,
): readonly { readonly text: string; readonly varies: boolean }[] {
  return count(tile.rows).map((i) => {
    const expr = exprAt(exprAt(a, group.m, rowAt(i)), [k], 'lane');
    const varies = scope.variables(expr).includes(`${k.name}#lane`);
    const text = scope.value(expr);
    return { text: varies ? scope.let(`subgroupShuffle(${text}, lane)`, 'held') : text, varies };
  });
}

function writeStep(
  scope: WgslScope,
  tile: RegisterTile,
  loop: Loop,
  a: (expr: Expr, i: number) => string,
  b: (expr: Expr, j: number) => string,
): void {
  for (const product of loop.products) {
    const rows = count(tile.rows).map((i) => a(product.a, i));
    const columns = count(tile.columns).map((j) => b(product.b, j));
    for (const [i, row] of rows.entries())
      for (const [j, column] of columns.entries()) {
        const sum = accumulatorName(product.accumulator, i, j);
        scope.line(`${sum} = fma(${row}, ${column}, ${sum});`);
      }
  }
}

/** One row after the other in a loop, which keeps the text short: the sums of the next row move into those of the first. */
function writeEpilogue(root: WgslScope, group: ContractGroup, tile: RegisterTile): void {
  const m = pointCount(group.m);
  if (tile.rows === 1) return root.block('', (scope) => writeRow(scope, group, tile, rowAt(0)));
  const edge = m % tile.rows === 0 ? `u32(${opaque(tile.rows)})` : `min(${tile.rows}u, ${m}u - top)`;
  root.block(`for (var i = 0u; i < ${edge}; i++)`, (scope) => {
    scope.line('let row = top + i;');
    scope.bindAxes(axesAt(group.m, 'row'), 'row');
    writeRow(scope, group, tile, 'row');
    for (const index of group.accumulators.keys())
      for (const i of count(tile.rows - 1))
        for (const j of count(tile.columns))
          scope.line(`${accumulatorName(index, i, j)} = ${accumulatorName(index, i + 1, j)};`);
  });
}

function writeRow(scope: WgslScope, group: ContractGroup, tile: RegisterTile, row: string): void {
  const n = pointCount(group.n);
  for (const j of count(tile.columns)) {
    const edge = n % (tile.columns * tile.lanes) === 0 ? '' : `if (left + ${j * tile.lanes}u < ${n}u)`;
    scope.block(edge, (inner) => {
      for (const [index, { result }] of group.accumulators.entries()) inner.bind(result, accumulatorName(index, 0, j));
      inner.stores(storesAt(group, row, columnAt(j)));
    });
  }
}
