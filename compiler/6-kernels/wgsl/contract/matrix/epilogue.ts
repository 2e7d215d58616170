// Takes: the sums of a workgroup, as matrices its subgroups hold. Gives: WGSL of the stores of a contract group.
// Promises: nothing is stored beyond the edges; neighbouring invocations store neighbouring columns.
import type { ContractGroup, Store } from '../../../../5-optimize/groups.ts';
import { axisRuns } from '../../../analysis/axis-runs.ts';
import { axesAt, count, storesAt } from '../../../analysis/contract-loops.ts';
import { pointCount } from '../../../analysis/touched.ts';
import { stripped } from '../../text/text.ts';
import type { WgslScope } from '../../wgsl-scope.ts';
import { accumulatorName, slabFloats, slabStride } from './matrix-tile.ts';
import type { MatrixTile } from './matrix-tile.ts';

export class MatrixEpilogue {
  private readonly group: ContractGroup;
  private readonly tile: MatrixTile;
  private readonly memory: string;
  private readonly rows: readonly number[];
  private readonly columns: readonly number[];

  constructor(group: ContractGroup, tile: MatrixTile, memory: string) {
    this.group = group;
    this.tile = tile;
    this.memory = memory;
    this.rows = count(tile.subgroupRows / tile.matrix.M);
    this.columns = count(tile.subgroupColumns / tile.matrix.N);
  }

  write(root: WgslScope): void {
    const strides = this.group.stores.map((store) => this.directStride(root, store));
    if (strides.every((stride) => stride !== null)) return this.writeDirect(root, strides);
    const { tile, group } = this;
    root.line(
      `let sub_lane = lane % ${tile.lanes}u;`,
      `let slab = lane / ${tile.lanes}u * ${slabFloats(group, tile)}u;`,
    );
    for (const i of this.rows) root.block('', (scope) => this.writeSlab(scope, i));
  }

  /** One row of matrices, by way of workgroup memory: there a lane finds elements, which in a matrix it does not. */
  private writeSlab(scope: WgslScope, i: number): void {
    const { group, tile, memory } = this;
    const { M, N } = tile.matrix;
    const stride = slabStride(tile);
    for (const index of group.accumulators.keys())
      for (const j of this.columns) {
        const at = `slab / 4u + ${(index * M * stride + j * N) / 4}u`;
        scope.line(`subgroupMatrixStore<row_major>(&${memory}, ${at}, ${accumulatorName(index, i, j)}, ${stride / 4}u);`); // prettier-ignore
      }
    scope.line('workgroupBarrier();');
    const e = scope.fresh('e');
    scope.block(`for (var ${e} = sub_lane; ${e} < ${M * tile.subgroupColumns}u; ${e} += ${tile.lanes}u)`, (each) => {
      each.line(
        `let in_row = ${e} / ${tile.subgroupColumns}u;`,
        `let in_column = ${e} % ${tile.subgroupColumns}u;`,
        `let row = top + subgroup_row + ${i * M}u + in_row;`,
        `let column = left + subgroup_column + in_column;`,
      );
      this.writeElement(each);
    });
    if (i + 1 < this.rows.length) scope.line('workgroupBarrier();');
  }

  private writeElement(scope: WgslScope): void {
    const { group, tile, memory } = this;
    const [m, n] = [pointCount(group.m), pointCount(group.n)];
    const guards = [
      ...(m % tile.rows === 0 ? [] : [`row < ${m}u`]),
      ...(n % tile.columns === 0 ? [] : [`column < ${n}u`]),
    ];
    scope.bindAxes(axesAt(group.m, 'row'), 'row');
    scope.bindAxes(axesAt(group.n, 'column'), 'column');
    scope.block(guards.length === 0 ? '' : `if (${guards.join(' && ')})`, (inner) => {
      for (const [index, { result }] of group.accumulators.entries()) {
        const start = index * tile.matrix.M * slabStride(tile);
        const at = inner.let(`slab + ${start}u + in_row * ${slabStride(tile)}u + in_column`, 'at');
        inner.bind(result, inner.let(`bitcast<f32>(${memory}[${at} / 4u][${at} % 4u])`, 's'));
      }
      inner.stores(storesAt(group, 'row', 'column'));
    });
  }

  /**
   * From row to row of a matrix in the tensor a store writes, where it writes nothing but a sum, whole matrices, each with its
   * columns side by side; else null.
   */
  private directStride(root: WgslScope, { tensor, index, value }: Store): number | null {
    const { group, tile } = this;
    const [m, n] = [pointCount(group.m), pointCount(group.n)];
    if (value.kind !== 'var' || !group.accumulators.some(({ result }) => result === value.name)) return null;
    if (m % tile.rows !== 0 || n % tile.columns !== 0) return null;
    const { terms } = root.flatIndex(tensor, index);
    const [down, across] = [axisRuns(group.m, terms), axisRuns(group.n, terms)];
    const [row, column] = [down.runs.at(-1), across.runs.at(-1)];
    const inner = (axes: ContractGroup['m'], first: number): number => pointCount(axes.slice(first));
    if (!row || column?.coefficient !== 1) return null;
    const isWhole = inner(group.m, row.first) % tile.matrix.M === 0 && inner(group.n, column.first) % tile.matrix.N === 0; // prettier-ignore
    const isLinear = terms.every(({ atom }) => atom.kind === 'var');
    return isWhole && isLinear && row.coefficient > 0 ? row.coefficient : null;
  }

  private writeDirect(root: WgslScope, strides: readonly (number | null)[]): void {
    const { M, N } = this.tile.matrix;
    for (const i of this.rows)
      for (const j of this.columns) {
        root.block('', (scope) => {
          scope.line(`let row = top + subgroup_row + ${i * M}u;`, `let column = left + subgroup_column + ${j * N}u;`);
          scope.bindAxes(axesAt(this.group.m, 'row'), 'row');
          scope.bindAxes(axesAt(this.group.n, 'column'), 'column');
          for (const [s, { tensor, index, value }] of storesAt(this.group, 'row', 'column').entries()) {
            const which = this.group.accumulators.findIndex(({ result }) => value.kind === 'var' && value.name === result); // prettier-ignore
            const at = stripped(scope.index(tensor, index));
            scope.line(`subgroupMatrixStore<row_major>(&${scope.tensor(tensor)}, u32(${at}), ${accumulatorName(which, i, j)}, ${strides[s] ?? 0}u);`); // prettier-ignore
          }
        });
      }
  }
}
