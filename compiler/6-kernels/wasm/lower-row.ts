// Takes: a row group. Gives: its kernel part.
// Promises: reductions in a fixed order; every load of a row happens before the first store to it; rows of -3e38 are finite.
import { invariant } from '../../diagnostics.ts';
import type { Program, RowGroup } from '../../5-optimize/groups.ts';
import type { WasmTarget } from '../../7-plan/plan.ts';
import { loadedTensors, pointCount, storeExprs, touchedTensors } from '../analysis/touched.ts';
import { i32, mul, op } from './code/code.ts';
import { RowKernel } from './row/row-kernel.ts';
import { rowSchedule } from './row/row-schedule.ts';
import type { RowSchedule } from './row/row-schedule.ts';
import { least } from './scope/value.ts';
import { WasmScope } from './scope/wasm-scope.ts';
import type { Frame, WasmPart } from './wasm-part.ts';

export function lowerRow(program: Program, group: RowGroup, target: WasmTarget, chosen?: RowSchedule): WasmPart {
  const schedule = chosen ?? rowSchedule(program, group, target);
  const values = group.reductions.map((reduction) => reduction.value);
  const stores = [...group.rowStores, ...group.elementStores];
  const loaded = loadedTensors(storeExprs(group.elementStores));
  const stale = group.rowStores.some(({ tensor }) => loaded.has(tensor));
  invariant(!stale, `${group.name}: an element store reads what a row store of the group writes`);
  const rows = pointCount(group.axes);
  return {
    name: group.name,
    family: 'row',
    tensors: touchedTensors(values, stores),
    workgroupSize: 1,
    workgroups: Math.ceil(rows / schedule.rows),
    workgroupBytes: 0,
    scratchBytes: 0,
    build: (frame) => {
      const root = WasmScope.root(program, frame, target);
      const kernel = new RowKernel(group, schedule);
      root.share(kernel.exprs());
      if (schedule.across) writeAcross(root, kernel, frame, schedule.rows, rows);
      else writeAlong(root, kernel, frame, schedule.rows, rows);
      return root.statements;
    },
  };
}

function writeAlong(root: WasmScope, kernel: RowKernel, frame: Frame, together: number, rows: number): void {
  const last = root.let(least(root.let(mul(frame.end, i32(together))), i32(rows)), 'last');
  root.loop(mul(frame.begin, i32(together)), last, 1, (scope, row) => kernel.rows(scope, row, { copies: 1, lanes: 1 }), 'row'); // prettier-ignore
}

/** Whole blocks of rows, then vectors of the last block, then its last rows. */
function writeAcross(root: WasmScope, kernel: RowKernel, frame: Frame, block: number, rows: number): void {
  const whole = Math.floor(rows / block);
  if (whole > 0)
    root.loop(frame.begin, root.let(least(frame.end, i32(whole))), 1, (scope, wg) => {
      kernel.rows(scope, scope.let(mul(wg, i32(block)), 'row'), { copies: block / 4, lanes: 4 });
    }, 'wg'); // prettier-ignore
  const [vectors, ones] = [Math.floor((rows % block) / 4), rows % 4];
  if (vectors + ones === 0) return;
  const isLast = op('i32.and', [op('i32.lt_s', [frame.begin, frame.end]), op('i32.eq', [frame.end, i32(whole + 1)])]);
  root.when(isLast, (scope) => {
    if (vectors > 0) scope.block((inner) => kernel.rows(inner, i32(whole * block), { copies: vectors, lanes: 4 }));
    if (ones > 0) scope.block((inner) => kernel.rows(inner, i32(rows - ones), { copies: ones, lanes: 1 }));
  });
}
