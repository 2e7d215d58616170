// Takes: a contract group. Gives: its kernel: the invocations of a workgroup share the sum over k of a few outputs.
// Promises: partial sums are added in a tree of fixed shape: the same bits every run.
import type { Expr } from '../../../3-graph/expr.ts';
import type { ContractGroup } from '../../../5-optimize/groups.ts';
import { pointCount } from '../../analysis/touched.ts';
import type { WgslScope } from '../wgsl-scope.ts';
import { axesAt, count, exprAt, loopsOf, storesAt } from '../../analysis/contract-loops.ts';
import type { Loop } from '../../analysis/contract-loops.ts';
import { contiguous } from './contiguous.ts';
import { clampedAt } from './tile-text.ts';

export interface SplitTile {
  readonly kind: 'split';
  /** Of the result, per invocation; its columns are `across` apart. */
  readonly rows: number;
  readonly columns: number;
  /** Invocations side by side along n, and those that share the sum of one output; a power of two. */
  readonly across: number;
  readonly along: number;
}

export const splitTileLanes = (tile: SplitTile): number => tile.across * tile.along;

export function splitTileWorkgroups(group: ContractGroup, tile: SplitTile): number {
  const down = Math.ceil(pointCount(group.m) / tile.rows);
  return pointCount(group.batch) * down * Math.ceil(pointCount(group.n) / (tile.columns * tile.across));
}

export const splitTileFloats = (group: ContractGroup, tile: SplitTile): number =>
  group.accumulators.length * tile.rows * tile.columns * splitTileLanes(tile);

const accumulatorName = (index: number, i: number, j: number): string => `s${index}_${i}_${j}`;

export class SplitTileKernel {
  private readonly group: ContractGroup;
  private readonly tile: SplitTile;
  private readonly memory: string;

  constructor(group: ContractGroup, tile: SplitTile, prefix: string) {
    this.group = group;
    this.tile = tile;
    this.memory = `${prefix}partial`;
  }

  /** Writes the body; gives the declarations. */
  write(root: WgslScope): string {
    this.writePlace(root);
    const { group, tile } = this;
    for (const index of group.accumulators.keys())
      for (const i of count(tile.rows))
        root.line(count(tile.columns).map((j) => `var ${accumulatorName(index, i, j)} = 0.0f;`).join(' ')); // prettier-ignore
    for (const loop of loopsOf(group)) this.writeLoop(root, loop);
    this.writeTree(root);
    this.writeEpilogue(root);
    return `var<workgroup> ${this.memory}: array<f32, ${splitTileFloats(this.group, this.tile)}>;`;
  }

  private writePlace(root: WgslScope): void {
    const { group, tile } = this;
    const [m, n] = [pointCount(group.m), pointCount(group.n)];
    const width = tile.columns * tile.across;
    const [across, down] = [Math.ceil(n / width), Math.ceil(m / tile.rows)];
    // Neighbours read side by side: along k where b is contiguous there.
    const alongK = loopsOf(group).every(({ k, products }) => products.every(({ b }) => contiguous(root, b, k)));
    root.line(
      `let batch = wg / ${across * down}u;`,
      `let top = wg / ${across}u % ${down}u * ${tile.rows}u;`,
      `let lane_n = ${alongK ? `lane / ${tile.along}u` : `lane % ${tile.across}u`};`,
      `let lane_k = ${alongK ? `lane % ${tile.along}u` : `lane / ${tile.across}u`};`,
      `let left = wg % ${across}u * ${width}u + lane_n;`,
    );
    root.bindAxes(group.batch, 'batch');
    for (const i of count(tile.rows)) {
      root.line(`let row${i} = ${clampedAt('top', i, m, tile.rows)};`);
      root.bindAxes(axesAt(group.m, `r${i}`), `row${i}`);
    }
    for (const j of count(tile.columns)) {
      root.line(`let column${j} = ${clampedAt('left', j * tile.across, n, width)};`);
      root.bindAxes(axesAt(group.n, `c${j}`), `column${j}`);
    }
  }

  /** Several steps of k are written one after the other, so that their loads are under way together. */
  private writeLoop(root: WgslScope, loop: Loop): void {
    const { group, tile } = this;
    const depth = pointCount(loop.k);
    const together = [4, 2].find((steps) => depth % (steps * tile.along) === 0) ?? 1;
    const k = root.fresh('k');
    root.block(`for (var ${k} = lane_k; ${k} < ${depth}u; ${k} += ${together * tile.along}u)`, (scope) => {
      const steps = count(together).map((step) => {
        scope.bindAxes(axesAt(loop.k, `k${step}`), step === 0 ? k : scope.let(`${k} + ${step * tile.along}u`, 'at'));
        const at = (expr: Expr): Expr => exprAt(expr, loop.k, `k${step}`);
        return loop.products.map((product) => ({
          accumulator: product.accumulator,
          rows: count(tile.rows).map((i) => scope.value(exprAt(at(product.a), group.m, `r${i}`))),
          columns: count(tile.columns).map((j) => scope.value(exprAt(at(product.b), group.n, `c${j}`))),
        }));
      });
      for (const { accumulator, rows, columns } of steps.flat())
        for (const [i, row] of rows.entries())
          for (const [j, column] of columns.entries()) {
            const sum = accumulatorName(accumulator, i, j);
            scope.line(`${sum} = fma(${row}, ${column}, ${sum});`);
          }
    });
  }

  /** memory[output][lane_n][lane_k]; halves are added until lane_k 0 holds the sum. */
  private writeTree(root: WgslScope): void {
    const { group, tile, memory } = this;
    const lanes = splitTileLanes(tile);
    root.line(`let slot = lane_n * ${tile.along}u + lane_k;`);
    let output = 0;
    for (const index of group.accumulators.keys())
      for (const i of count(tile.rows))
        for (const j of count(tile.columns))
          root.line(`${memory}[${output++ * lanes}u + slot] = ${accumulatorName(index, i, j)};`);
    root.line('workgroupBarrier();');
    if (tile.along === 1) return;
    root.block(`for (var half = ${tile.along / 2}u; half > 0u; half /= 2u)`, (scope) => {
      scope.block('if (lane_k < half)', (inner) =>
        inner.block(`for (var o = slot; o < ${output * lanes}u; o += ${lanes}u)`, (each) =>
          each.line(`${memory}[o] += ${memory}[o + half];`),
        ),
      );
      scope.line('workgroupBarrier();');
    });
  }

  /** The outputs are shared out among those that summed them. */
  private writeEpilogue(root: WgslScope): void {
    const { group, tile, memory } = this;
    const [m, n] = [pointCount(group.m), pointCount(group.n)];
    const outputs = tile.rows * tile.columns;
    root.block(`for (var o = lane_k; o < ${outputs}u; o += ${tile.along}u)`, (scope) => {
      scope.line(
        `let row = top + o / ${tile.columns}u;`,
        `let column = left + o % ${tile.columns}u * ${tile.across}u;`,
      );
      scope.bindAxes(axesAt(group.m, 'row'), 'row');
      scope.bindAxes(axesAt(group.n, 'column'), 'column');
      scope.block(`if (row < ${m}u && column < ${n}u)`, (inner) => {
        for (const [index, { result }] of group.accumulators.entries()) {
          const at = `(${index * outputs}u + o) * ${splitTileLanes(tile)}u + lane_n * ${tile.along}u`;
          inner.bind(result, inner.let(`${memory}[${at}]`, 's'));
        }
        inner.stores(storesAt(group, 'row', 'column'));
      });
    });
  }
}
