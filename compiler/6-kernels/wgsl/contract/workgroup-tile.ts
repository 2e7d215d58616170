// Takes: a contract group. Gives: its kernel: a workgroup sums a block of the result from operands staged in its memory.
// Promises: each operand element is loaded once per block and step; the order of every sum is that of k.
import type { Expr } from '../../../3-graph/expr.ts';
import type { ContractGroup } from '../../../5-optimize/groups.ts';
import { pointCount } from '../../analysis/touched.ts';
import type { WgslScope } from '../wgsl-scope.ts';
import { axesAt, count, loopsOf, storesAt } from '../../analysis/contract-loops.ts';
import type { Loop } from '../../analysis/contract-loops.ts';
import { contiguous } from './contiguous.ts';
import { opaque } from './tile-text.ts';

export interface WorkgroupTile {
  readonly kind: 'workgroup';
  /** Of the result, per workgroup. */
  readonly rows: number;
  readonly columns: number;
  /** Steps of k staged at a time. */
  readonly depth: number;
  /** Of the result, per invocation: rows `rows / laneRows` apart, columns likewise. */
  readonly laneRows: number;
  readonly laneColumns: number;
}

export const workgroupTileLanes = (tile: WorkgroupTile): number =>
  (tile.rows / tile.laneRows) * (tile.columns / tile.laneColumns);

export function workgroupTileWorkgroups(group: ContractGroup, tile: WorkgroupTile): number {
  const down = Math.ceil(pointCount(group.m) / tile.rows);
  return pointCount(group.batch) * down * Math.ceil(pointCount(group.n) / tile.columns);
}

const distinct = (exprs: readonly Expr[]): readonly Expr[] => [
  ...new Map(exprs.map((e) => [JSON.stringify(e), e])).values(),
];

/** What one loop stages: distinct expressions of `a` and of `b`. */
function staged(loop: Loop): { readonly a: readonly Expr[]; readonly b: readonly Expr[] } {
  return { a: distinct(loop.products.map(({ a }) => a)), b: distinct(loop.products.map(({ b }) => b)) };
}

/** Floats of workgroup memory. A row is one step of k; one float more keeps its stores from falling into one bank. */
export function workgroupTileFloats(group: ContractGroup, tile: WorkgroupTile): number {
  const sizes = loopsOf(group).map((loop) => {
    const { a, b } = staged(loop);
    return tile.depth * (a.length * (tile.rows + 1) + b.length * (tile.columns + 1));
  });
  return Math.max(...sizes);
}

const accumulatorName = (index: number, i: number, j: number): string => `s${index}_${i}_${j}`;

export class WorkgroupTileKernel {
  private readonly group: ContractGroup;
  private readonly tile: WorkgroupTile;
  private readonly memory: string;
  private readonly lanes: number;
  private readonly m: number;
  private readonly n: number;

  constructor(group: ContractGroup, tile: WorkgroupTile, prefix: string) {
    this.group = group;
    this.tile = tile;
    this.memory = `${prefix}stage`;
    this.lanes = workgroupTileLanes(tile);
    this.m = pointCount(group.m);
    this.n = pointCount(group.n);
  }

  /** Writes the body; gives the declarations. */
  write(root: WgslScope): string {
    const { group, tile } = this;
    const [across, down] = [Math.ceil(this.n / tile.columns), Math.ceil(this.m / tile.rows)];
    root.line(
      `let batch = wg / ${across * down}u;`,
      `let top = wg / ${across}u % ${down}u * ${tile.rows}u;`,
      `let left = wg % ${across}u * ${tile.columns}u;`,
      `let lane_row = lane / ${tile.columns / tile.laneColumns}u;`,
      `let lane_column = lane % ${tile.columns / tile.laneColumns}u;`,
    );
    root.bindAxes(group.batch, 'batch');
    for (const index of group.accumulators.keys())
      for (const i of count(tile.laneRows))
        root.line(count(tile.laneColumns).map((j) => `var ${accumulatorName(index, i, j)} = 0.0f;`).join(' ')); // prettier-ignore
    for (const loop of loopsOf(group)) this.writeLoop(root, loop);
    this.writeEpilogue(root);
    return `var<workgroup> ${this.memory}: array<f32, ${workgroupTileFloats(this.group, this.tile)}>;`;
  }

  private writeLoop(root: WgslScope, loop: Loop): void {
    const { tile } = this;
    const depth = pointCount(loop.k);
    const { a, b } = staged(loop);
    const k = root.fresh('k');
    root.block(`for (var ${k} = 0u; ${k} < ${depth}u; ${k} += ${tile.depth}u)`, (scope) => {
      a.forEach((expr, i) => this.writeStage(scope, loop, k, expr, 'a', i * tile.depth * (tile.rows + 1)));
      const start = a.length * tile.depth * (tile.rows + 1);
      b.forEach((expr, i) => this.writeStage(scope, loop, k, expr, 'b', start + i * tile.depth * (tile.columns + 1)));
      scope.line('workgroupBarrier();');
      const q = scope.fresh('q');
      scope.block(`for (var ${q} = 0u; ${q} < ${tile.depth}u; ${q}++)`, (inner) => this.writeStep(inner, loop, q));
      scope.line('workgroupBarrier();');
    });
  }

  /** All invocations load one operand's block; neighbours along k where k is contiguous in memory, else along the side. */
  private writeStage(scope: WgslScope, loop: Loop, k: string, expr: Expr, side: 'a' | 'b', start: number): void {
    const { tile, lanes, memory } = this;
    const [axes, first, width, size] =
      side === 'a' ? [this.group.m, 'top', tile.rows, this.m] : [this.group.n, 'left', tile.columns, this.n];
    const depth = pointCount(loop.k);
    const alongK = contiguous(scope, expr, loop.k) && !contiguous(scope, expr, axes);
    const e = scope.fresh('e');
    const total = width * tile.depth;
    scope.block(`for (var ${e} = lane; ${e} < ${total}u; ${e} += ${lanes}u)`, (inner) => {
      const [step, place] = alongK
        ? [`${e} % ${tile.depth}u`, `${e} / ${tile.depth}u`]
        : [`${e} / ${width}u`, `${e} % ${width}u`];
      const [at, point] = [inner.let(step, 'step'), inner.let(place, 'place')];
      const [kk, side] = [inner.let(`${k} + ${at}`, 'at'), inner.let(`${first} + ${point}`, 'at')];
      const target = `${memory}[${start}u + ${at} * ${width + 1}u + ${point}]`;
      const guards = [...(depth % tile.depth === 0 ? [] : [`${kk} < ${depth}u`]), ...(size % width === 0 ? [] : [`${side} < ${size}u`])]; // prettier-ignore
      const value = inner.fresh('x');
      inner.line(`var ${value} = 0.0f;`);
      inner.block(guards.length === 0 ? '' : `if (${guards.join(' && ')})`, (load) => {
        load.bindAxes(loop.k, kk);
        load.bindAxes(axes, side);
        load.line(`${value} = ${load.expr(expr)};`);
      });
      inner.line(`${target} = ${value};`);
    });
  }

  private writeStep(scope: WgslScope, loop: Loop, q: string): void {
    const { tile, memory } = this;
    const { a, b } = staged(loop);
    const [apartRows, apartColumns] = [tile.rows / tile.laneRows, tile.columns / tile.laneColumns];
    const keys = { a: a.map((e) => JSON.stringify(e)), b: b.map((e) => JSON.stringify(e)) };
    const start = a.length * tile.depth * (tile.rows + 1);
    const rowOf = (expr: Expr, i: number): string =>
      scope.let(`${memory}[${keys.a.indexOf(JSON.stringify(expr)) * tile.depth * (tile.rows + 1)}u + ${q} * ${tile.rows + 1}u + lane_row + ${i * apartRows}u]`, 'x'); // prettier-ignore
    const columnOf = (expr: Expr, j: number): string =>
      scope.let(`${memory}[${start + keys.b.indexOf(JSON.stringify(expr)) * tile.depth * (tile.columns + 1)}u + ${q} * ${tile.columns + 1}u + lane_column + ${j * apartColumns}u]`, 'y'); // prettier-ignore
    for (const product of loop.products) {
      const rows = count(tile.laneRows).map((i) => rowOf(product.a, i));
      const columns = count(tile.laneColumns).map((j) => columnOf(product.b, j));
      for (const [i, row] of rows.entries())
        for (const [j, column] of columns.entries()) {
          const sum = accumulatorName(product.accumulator, i, j);
          scope.line(`${sum} = fma(${row}, ${column}, ${sum});`);
        }
    }
  }

  /** One row of the invocation after the other, as in a register tile. */
  private writeEpilogue(root: WgslScope): void {
    const { group, tile, m, n } = this;
    const [apartRows, apartColumns] = [tile.rows / tile.laneRows, tile.columns / tile.laneColumns];
    for (const j of count(tile.laneColumns)) {
      root.line(`let column${j} = left + lane_column + ${j * apartColumns}u;`);
      root.bindAxes(axesAt(group.n, `c${j}`), `column${j}`);
    }
    root.block(`for (var i = 0; i < ${opaque(tile.laneRows)}; i++)`, (scope) => {
      scope.line(`let row = top + lane_row + u32(i) * ${apartRows}u;`);
      scope.bindAxes(axesAt(group.m, 'row'), 'row');
      for (const j of count(tile.laneColumns)) {
        const guards = [...(m % tile.rows === 0 ? [] : [`row < ${m}u`]), ...(n % tile.columns === 0 ? [] : [`column${j} < ${n}u`])]; // prettier-ignore
        scope.block(guards.length === 0 ? '' : `if (${guards.join(' && ')})`, (inner) => {
          for (const [index, { result }] of group.accumulators.entries())
            inner.bind(result, accumulatorName(index, 0, j));
          inner.stores(storesAt(group, 'row', `c${j}`));
        });
      }
      for (const index of group.accumulators.keys())
        for (const i of count(tile.laneRows - 1))
          for (const j of count(tile.laneColumns))
            scope.line(`${accumulatorName(index, i, j)} = ${accumulatorName(index, i + 1, j)};`);
    });
  }
}
