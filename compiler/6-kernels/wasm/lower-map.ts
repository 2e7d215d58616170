// Takes: a map group. Gives: its kernel part.
// Promises: every point once; the last axes that memory allows are walked as one, by fours.
import type { MapGroup, Program } from '../../5-optimize/groups.ts';
import type { WasmTarget } from '../../7-plan/plan.ts';
import { pointCount, storeExprs, touchedTensors } from '../analysis/touched.ts';
import { add, i32, mul, op } from './code/code.ts';
import { least } from './scope/value.ts';
import { accesses, walkOrder } from './scope/walk-order.ts';
import { WasmScope } from './scope/wasm-scope.ts';
import type { WasmPart } from './wasm-part.ts';

/** Points of a workgroup: some microseconds of work. */
const POINTS = 2048;

export function lowerMap(program: Program, group: MapGroup, target: WasmTarget): WasmPart {
  const found = accesses(program, target, [group.axes], [], group.stores);
  const { outer, inner } = walkOrder(group.axes, [...found.loads, ...found.stores], found.values);
  const [rows, length] = [pointCount(outer), pointCount(inner)];
  const pieces = Math.ceil(length / POINTS);
  const together = pieces > 1 ? 1 : Math.max(1, Math.floor(POINTS / length));
  return {
    name: group.name,
    family: 'map',
    tensors: touchedTensors([], group.stores),
    workgroupSize: 1,
    workgroups: pieces > 1 ? rows * pieces : Math.ceil(rows / together),
    workgroupBytes: 0,
    scratchBytes: 0,
    build: (frame) => {
      const root = WasmScope.root(program, frame, target);
      root.share(storeExprs(group.stores));
      if (pieces > 1)
        root.loop(frame.begin, frame.end, 1, (scope, wg) => {
          scope.bindAxes(outer, scope.let(op('i32.div_u', [wg, i32(pieces)]), 'row'));
          const from = scope.let(mul(op('i32.rem_u', [wg, i32(pieces)]), i32(POINTS)), 'from');
          const to = scope.let(least(scope.let(add(from, i32(POINTS))), i32(length)), 'to');
          scope.walkRange(inner, from, to, (point) => point.stores(group.stores));
        });
      else {
        const last = root.let(least(root.let(mul(frame.end, i32(together))), i32(rows)), 'last');
        root.loop(mul(frame.begin, i32(together)), last, 1, (scope, row) => {
          scope.bindAxes(outer, row);
          scope.walk(inner, (point) => point.stores(group.stores));
        });
      }
      return root.statements;
    },
  };
}
