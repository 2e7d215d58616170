// Takes: stores that write nothing but sums. Gives: WGSL that stores whole matrices, without a way through workgroup memory.
// Promises: only where no matrix reaches beyond an edge and its columns lie side by side.
import { axisRuns } from '../../../analysis/axis-runs.ts';
import { axesAt, count, storesAt } from '../../../analysis/contract-loops.ts';
import { pointCount } from '../../../analysis/touched.ts';
import type { Axis, ContractGroup, Program, Store } from '../../../../5-optimize/groups.ts';
import { stripped } from '../../text/text.ts';
import { WgslScope } from '../../wgsl-scope.ts';
import { accumulatorName } from './matrix-tile.ts';
import type { MatrixTile } from './matrix-tile.ts';

/** From row to row of a matrix in the tensor each store writes; null where one of them must go element by element. */
export function directStrides(program: Program, group: ContractGroup, tile: MatrixTile): readonly number[] | null {
  const strides = group.stores.flatMap((store) => directStride(program, group, tile, store) ?? []);
  return strides.length === group.stores.length ? strides : null;
}

function directStride(
  program: Program,
  group: ContractGroup,
  tile: MatrixTile,
  { tensor, index, value }: Store,
): number | null {
  const [m, n] = [pointCount(group.m), pointCount(group.n)];
  if (value.kind !== 'var' || !group.accumulators.some(({ result }) => result === value.name)) return null;
  if (m % tile.rows !== 0 || n % tile.columns !== 0) return null;
  const { terms } = WgslScope.root(program, String).flatIndex(tensor, index);
  const [down, across] = [axisRuns(group.m, terms), axisRuns(group.n, terms)];
  const [row, column] = [down.runs.at(-1), across.runs.at(-1)];
  const inner = (axes: readonly Axis[], first: number): number => pointCount(axes.slice(first));
  if (!row || column?.coefficient !== 1) return null;
  const isWhole = inner(group.m, row.first) % tile.matrix.M === 0 && inner(group.n, column.first) % tile.matrix.N === 0;
  const isLinear = terms.every(({ atom }) => atom.kind === 'var');
  return isWhole && isLinear && row.coefficient > 0 ? row.coefficient : null;
}

/** In scope: `top`, `left`, `subgroup_row`, `subgroup_column`, the matrices. */
export function writeMatrices(
  root: WgslScope,
  group: ContractGroup,
  tile: MatrixTile,
  strides: readonly number[],
): void {
  const { M, N } = tile.matrix;
  for (const i of count(tile.subgroupRows / M))
    for (const j of count(tile.subgroupColumns / N)) {
      root.block('', (scope) => {
        scope.line(`let row = top + subgroup_row + ${i * M}u;`, `let column = left + subgroup_column + ${j * N}u;`);
        scope.bindAxes(axesAt(group.m, 'row'), 'row');
        scope.bindAxes(axesAt(group.n, 'column'), 'column');
        for (const [s, { tensor, index, value }] of storesAt(group, 'row', 'column').entries()) {
          const which = group.accumulators.findIndex(({ result }) => value.kind === 'var' && value.name === result);
          const at = stripped(scope.index(tensor, index));
          scope.line(`subgroupMatrixStore<row_major>(&${scope.tensor(tensor)}, u32(${at}), ${accumulatorName(which, i, j)}, ${strides[s] ?? 0}u);`); // prettier-ignore
        }
      });
    }
}
