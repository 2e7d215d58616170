// Takes: the sums of a workgroup, as matrices its subgroups hold. Gives: WGSL of the stores of a contract group.
// Promises: nothing is stored beyond the edges; neighbouring invocations store neighbouring columns.
import type { ContractGroup, Program } from '../../../../5-optimize/groups.ts';
import { axesAt, count, storesAt } from '../../../analysis/contract-loops.ts';
import { pointCount } from '../../../analysis/touched.ts';
import { OCTET } from '../../wide-load.ts';
import type { WgslScope } from '../../wgsl-scope.ts';
import { directStrides, writeMatrices } from './direct-stores.ts';
import { accumulatorName, slabFloats, slabStride } from './matrix-tile.ts';
import type { MatrixTile } from './matrix-tile.ts';
import { type OctetStores, octetStores, tensorsOfOctets, writeOctets } from './octet-stores.ts';

export class MatrixEpilogue {
  private readonly group: ContractGroup;
  private readonly tile: MatrixTile;
  private readonly memory: string;
  private readonly rows: readonly number[];
  private readonly columns: readonly number[];
  private readonly strides: readonly number[] | null;
  private readonly octets: OctetStores | null;

  constructor(program: Program, group: ContractGroup, tile: MatrixTile, memory: string) {
    this.strides = directStrides(program, group, tile);
    this.octets = octetStores(program, group);
    this.group = group;
    this.tile = tile;
    this.memory = memory;
    this.rows = count(tile.subgroupRows / tile.matrix.M);
    this.columns = count(tile.subgroupColumns / tile.matrix.N);
  }

  write(root: WgslScope): void {
    if (this.strides) return writeMatrices(root, this.group, this.tile, this.strides);
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
    if (this.octets) this.writeOctets(scope, i, this.octets);
    else this.writeElements(scope, i);
    if (i + 1 < this.rows.length) scope.line('workgroupBarrier();');
  }

  /** A lane stores 8 neighbouring columns: what it reads for them is under way all at once. */
  private writeOctets(scope: WgslScope, i: number, octets: OctetStores): void {
    const { group, tile, memory } = this;
    const { M } = tile.matrix;
    const inRow = tile.subgroupColumns / OCTET;
    const e = scope.fresh('e');
    scope.block(`for (var ${e} = sub_lane; ${e} < ${M * inRow}u; ${e} += ${tile.lanes}u)`, (each) => {
      each.line(
        `let in_row = ${e} / ${inRow}u;`,
        `let in_column = ${e} % ${inRow}u * ${OCTET}u;`,
        `let row = top + subgroup_row + ${i * M}u + in_row;`,
        `let column = left + subgroup_column + in_column;`,
      );
      each.block(this.guard(), (inner) => {
        const sums = [...group.accumulators.keys()].map((index) => {
          const start = index * M * slabStride(tile);
          const at = inner.let(`(slab + ${start}u + in_row * ${slabStride(tile)}u + in_column) / 4u`, 'at');
          return [0, 1].map((half) => inner.let(`bitcast<vec4f>(${memory}[${at} + ${half}u])`, 's'));
        });
        writeOctets(inner, group, octets, sums);
      });
    });
  }

  private writeElements(scope: WgslScope, i: number): void {
    const { tile } = this;
    const { M } = tile.matrix;
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
  }

  /** Of rows and columns beyond the edges; none where there are none. */
  private guard(): string {
    const { group, tile } = this;
    const [m, n] = [pointCount(group.m), pointCount(group.n)];
    const guards = [
      ...(m % tile.rows === 0 ? [] : [`row < ${m}u`]),
      ...(n % tile.columns === 0 ? [] : [`column < ${n}u`]),
    ];
    return guards.length === 0 ? '' : `if (${guards.join(' && ')})`;
  }

  private writeElement(scope: WgslScope): void {
    const { group, tile, memory } = this;
    scope.bindAxes(axesAt(group.m, 'row'), 'row');
    scope.bindAxes(axesAt(group.n, 'column'), 'column');
    scope.block(this.guard(), (inner) => {
      for (const [index, { result }] of group.accumulators.entries()) {
        const start = index * tile.matrix.M * slabStride(tile);
        const at = inner.let(`slab + ${start}u + in_row * ${slabStride(tile)}u + in_column`, 'at');
        inner.bind(result, inner.let(`bitcast<f32>(${memory}[${at} / 4u][${at} % 4u])`, 's'));
      }
      inner.stores(storesAt(group, 'row', 'column'));
    });
  }
}

/** Tensors that the stores of a group see 16 bytes at a time. */
export function epilogueTensors(program: Program, group: ContractGroup, tile: MatrixTile): readonly number[] {
  const octets = directStrides(program, group, tile) ? null : octetStores(program, group);
  return octets ? tensorsOfOctets(octets) : [];
}
