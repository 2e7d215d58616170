// Takes: a tile of sums in memory. Gives: the statements that store what the group makes of them.
// Promises: four at a time but at the edge, where they lie side by side in memory; each element of the tile once.
import type { Axis, ContractGroup, Program } from '../../../5-optimize/groups.ts';
import type { WasmTarget } from '../../../7-plan/plan.ts';
import { pointCount } from '../../analysis/touched.ts';
import { add, i32, mul, op, sub } from '../code/code.ts';
import type { Code } from '../code/code.ts';
import { four, one } from '../scope/value.ts';
import type { Lanes } from '../scope/value.ts';
import { accesses } from '../scope/walk-order.ts';
import type { WasmScope } from '../scope/wasm-scope.ts';
import { neighbours } from './operand.ts';

export interface SumTile {
  /** Rows and columns of the result that the tile covers; `first` is a multiple of 4. All simple i32. */
  readonly m: { readonly first: Code; readonly end: Code };
  readonly n: { readonly first: Code; readonly end: Code };
  /** Of each accumulator, the address of the tile's first sum. */
  readonly sums: readonly Code[];
  readonly rowBytes: number;
  readonly along: 'm' | 'n';
}

/** Along which axes four neighbours are stored at once: where fewer loads and stores of the group are apart. */
export function storesAlong(program: Program, target: WasmTarget, { batch, m, n, stores }: ContractGroup): 'm' | 'n' {
  const found = accesses(program, target, [batch, m, n], [], stores);
  const indices = [...found.loads, ...found.stores];
  const apart = (axes: readonly Axis[]): number =>
    indices.filter((index) => neighbours(axes, index) === 'apart').length;
  return apart(m) < apart(n) ? 'm' : 'n';
}

/** Inside a scope that knows the batch axes. */
export function writeStores(scope: WasmScope, group: ContractGroup, { m, n, sums, rowBytes, along }: SumTile): void {
  const [outer, inner] = along === 'n' ? [m, n] : [n, m];
  const [outerAxes, innerAxes] = along === 'n' ? [group.m, group.n] : [group.n, group.m];
  const [outerStep, innerStep] = along === 'n' ? [rowBytes, 4] : [4, rowBytes];
  scope.loop(outer.first, outer.end, 1, (each, point) => {
    each.bindAxes(outerAxes, point);
    const before = mul(inner.first, i32(innerStep));
    const start = each.let(sub(mul(sub(point, outer.first), i32(outerStep)), before), 'start');
    const lines = sums.map((first) => each.let(add(first, start), 'sums'));
    walkColumns(each, innerAxes, inner, (step, lanes, place) => {
      for (const [i, { result }] of group.accumulators.entries()) {
        const address = step.let(add(lines[i] ?? start, mul(place, i32(innerStep))), 'at');
        const value = step.let(lanes === 4 ? fourAt(address, innerStep) : op('f32.load', [address]), 'sum');
        step.bind(result, lanes === 4 ? four('f32', value) : one('f32', value));
      }
      step.stores(group.stores);
    });
  }, 'line'); // prettier-ignore
}

function fourAt(address: Code, step: number): Code {
  if (step === 4) return op('v128.load', [address]);
  const start = op('v128.load32_zero', [address]);
  return [1, 2, 3].reduce((all, lane) => op('v128.load32_lane', [address, all], { offset: lane * step, lane }), start);
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
