// Takes: a tile of sums in memory. Gives: the statements that store what the group makes of them.
// Promises: four columns at a time but at the edge; each element of the tile once.
import type { Axis, ContractGroup } from '../../../5-optimize/groups.ts';
import { add, i32, mul, op, sub } from '../code/code.ts';
import type { Code } from '../code/code.ts';
import { pointCount } from '../../analysis/touched.ts';
import { four, one } from '../scope/value.ts';
import type { Lanes } from '../scope/value.ts';
import type { WasmScope } from '../scope/wasm-scope.ts';

export interface SumTile {
  /** Rows and columns of the result that the tile covers; n.first is a multiple of 4. All simple i32. */
  readonly m: { readonly first: Code; readonly end: Code };
  readonly n: { readonly first: Code; readonly end: Code };
  /** Of each accumulator, the address of the tile's first sum. */
  readonly sums: readonly Code[];
  readonly rowBytes: number;
}

/** Inside a scope that knows the batch axes. */
export function writeStores(scope: WasmScope, group: ContractGroup, { m, n, sums, rowBytes }: SumTile): void {
  scope.loop(m.first, m.end, 1, (inner, row) => {
    inner.bindAxes(group.m, row);
    const along = inner.let(sub(mul(sub(row, m.first), i32(rowBytes)), mul(n.first, i32(4))), 'along');
    const rows = sums.map((start) => inner.let(add(start, along), 'sums'));
    walkColumns(inner, group.n, n, (each, lanes, column) => {
      for (const [i, { result }] of group.accumulators.entries()) {
        const address = add(rows[i] ?? along, mul(column, i32(4)));
        const value = each.let(op(lanes === 4 ? 'v128.load' : 'f32.load', [address]), 'sum');
        each.bind(result, lanes === 4 ? four('f32', value) : one('f32', value));
      }
      each.stores(group.stores);
    }); // prettier-ignore
  }, 'row'); // prettier-ignore
}

/** By fours, then one by one; without code for the latter where it is never run. `first` is a multiple of 4. */
export function walkColumns(
  scope: WasmScope,
  axes: readonly Axis[],
  { first, end }: SumTile['n'],
  write: (inner: WasmScope, lanes: Lanes, column: Code) => void,
): void {
  if (pointCount(axes) % 4 > 0) return scope.walkRange(axes, first, end, write, 'n');
  scope.loop(first, end, 4, (inner, column) => {
    inner.bindAxes(axes, column, 4);
    write(inner, 4, column);
  }, 'n'); // prettier-ignore
}
