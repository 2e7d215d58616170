// Takes: a contract group of halves. Gives: its kernel: subgroups multiply matrices that a workgroup stages in its memory.
// Promises: sums are f32, in the order of k by blocks of a matrix; the next block of k is read while one is multiplied.
import type { ContractGroup, Program } from '../../../../5-optimize/groups.ts';
import { pointCount } from '../../../analysis/touched.ts';
import { count, loopsOf } from '../../../analysis/contract-loops.ts';
import type { Loop } from '../../../analysis/contract-loops.ts';
import { OCTET } from '../../wide-load.ts';
import type { WgslScope } from '../../wgsl-scope.ts';
import { MatrixEpilogue } from './epilogue.ts';
import { accumulatorName, matrixTileFloats, matrixTileLanes } from './matrix-tile.ts';
import type { MatrixTile } from './matrix-tile.ts';
import { operandsOf } from './operand.ts';
import type { Operand } from './operand.ts';
import { Stage } from './stage.ts';

/** Rows of blocks that are computed side by side, so that what they read of `b` is still in a cache for the next. */
const ROWS_TOGETHER = 8;

export class MatrixKernel {
  private readonly program: Program;
  private readonly group: ContractGroup;
  private readonly tile: MatrixTile;
  private readonly memory: string;

  constructor(program: Program, group: ContractGroup, tile: MatrixTile, prefix: string) {
    this.program = program;
    this.group = group;
    this.tile = tile;
    this.memory = `${prefix}stage`;
  }

  /** Writes the body; gives the declarations. */
  write(root: WgslScope): string {
    const { group, tile, memory } = this;
    this.writePlace(root);
    const { M, N } = tile.matrix;
    for (const index of group.accumulators.keys())
      for (const i of this.rows())
        root.line(...this.columns().map((j) => `var ${accumulatorName(index, i, j)}: subgroup_matrix_result<f32, ${N}, ${M}>;`)); // prettier-ignore
    for (const loop of loopsOf(group)) root.block('', (scope) => this.writeLoop(scope, loop));
    new MatrixEpilogue(this.program, group, tile, memory).write(root);
    return `var<workgroup> ${memory}: array<vec4u, ${Math.ceil(matrixTileFloats(group, tile) / 4)}>;`;
  }

  private rows(): readonly number[] {
    return count(this.tile.subgroupRows / this.tile.matrix.M);
  }

  private columns(): readonly number[] {
    return count(this.tile.subgroupColumns / this.tile.matrix.N);
  }

  private writePlace(root: WgslScope): void {
    const { group, tile } = this;
    const down = Math.ceil(pointCount(group.m) / tile.rows);
    const across = Math.ceil(pointCount(group.n) / tile.columns);
    const beside = tile.columns / tile.subgroupColumns;
    root.line(
      `let batch = wg / ${across * down}u;`,
      `let block = wg % ${across * down}u;`,
      `let first_down = block / ${ROWS_TOGETHER * across}u * ${ROWS_TOGETHER}u;`,
      `let together = min(${ROWS_TOGETHER}u, ${down}u - first_down);`,
      `let in_group = block % ${ROWS_TOGETHER * across}u;`,
      `let top = (first_down + in_group % together) * ${tile.rows}u;`,
      `let left = in_group / together * ${tile.columns}u;`,
      `let subgroup_row = lane / ${beside * tile.lanes}u * ${tile.subgroupRows}u;`,
      `let subgroup_column = lane / ${tile.lanes}u % ${beside}u * ${tile.subgroupColumns}u;`,
    );
    root.bindAxes(group.batch, 'batch');
  }

  private writeLoop(scope: WgslScope, loop: Loop): void {
    const { program, group, tile, memory } = this;
    const operands = operandsOf(program, group, tile, loop);
    const lanes = matrixTileLanes(tile);
    const stages = operands.map(
      (operand) => new Stage({ operand, k: loop.k, depth: tile.depth, lanes, memory, first: operand.side === 'a' ? 'top' : 'left' }), // prettier-ignore
    );
    const steps = Math.ceil(pointCount(loop.k) / tile.depth);
    for (const stage of stages) stage.writePlace(scope);
    for (const stage of stages) stage.declare(scope);
    for (const stage of stages) stage.load(scope, '0u');
    const t = scope.fresh('t');
    scope.block(`for (var ${t} = 0u; ${t} < ${steps}u; ${t}++)`, (inner) => {
      for (const stage of stages) stage.store(inner, t);
      inner.line('workgroupBarrier();');
      if (steps > 1) {
        inner.line(`let next = min(${t} + 1u, ${steps - 1}u);`);
        for (const stage of stages) stage.load(inner, 'next');
      }
      for (const step of count(tile.depth / tile.matrix.K)) inner.block('', (one) => this.writeStep(one, loop, operands, step)); // prettier-ignore
      inner.line('workgroupBarrier();');
    });
  }

  /** One matrix deep: all matrices of the operands, then all products. */
  private writeStep(scope: WgslScope, loop: Loop, operands: readonly Operand[], step: number): void {
    const names = new Map<string, string>();
    for (const operand of operands) {
      for (const i of operand.side === 'a' ? this.rows() : this.columns())
        scope.line(this.matrixLoad(operand, i, step));
      names.set(operand.side + JSON.stringify(operand.expr), operand.id);
    }
    for (const { accumulator, a, b } of loop.products) {
      const [left, right] = [names.get(`a${JSON.stringify(a)}`) ?? '', names.get(`b${JSON.stringify(b)}`) ?? ''];
      for (const i of this.rows())
        for (const j of this.columns()) {
          const sum = accumulatorName(accumulator, i, j);
          scope.line(`${sum} = subgroupMatrixMultiplyAccumulate(${left}_${i}, ${right}_${j}, ${sum});`);
        }
    }
  }

  private matrixLoad({ id, side, alongK, start, stride }: Operand, i: number, step: number): string {
    const { M, N, K } = this.tile.matrix;
    const [size, place, type] = side === 'a' ? [M, 'subgroup_row', `left<f16, ${K}, ${M}>`] : [N, 'subgroup_column', `right<f16, ${N}, ${K}>`]; // prettier-ignore
    const order = (side === 'a') === alongK ? 'row_major' : 'col_major';
    const point = `(${place} + ${i * size}u)`;
    const offset = alongK
      ? `${start + (step * K) / OCTET}u + ${point} * ${stride}u`
      : `${start + step * K * stride}u + ${point} / ${OCTET}u`;
    return `let ${id}_${i} = subgroupMatrixLoad<subgroup_matrix_${type}, ${order}>(&${this.memory}, ${offset}, ${stride}u);`;
  }
}
