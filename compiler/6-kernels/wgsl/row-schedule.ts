// Takes: a row group and a target. Gives: how many rows a workgroup takes and how many invocations a row.
// Promises: the number of invocations per row is a power of two.
import type { Program, RowGroup } from '../../5-optimize/groups.ts';
import type { WebGpuTarget } from '../../7-plan/plan.ts';
import { WgslScope } from './wgsl-scope.ts';
import { walk } from '../analysis/expr-table.ts';
import { SOFTWARE_WORKGROUP } from './software.ts';
import { pointCount } from '../analysis/touched.ts';

export interface RowSchedule {
  readonly workgroup: number;
  /** Rows of one workgroup; a row has workgroup / rows invocations. */
  readonly rows: number;
  /** Neighbouring invocations take neighbouring rows rather than neighbouring elements of one row. */
  readonly across: boolean;
}

export const lanesInRow = (schedule: RowSchedule): number => schedule.workgroup / schedule.rows;

export function rowSchedule(program: Program, group: RowGroup, target: WebGpuTarget): RowSchedule {
  const rows = pointCount(group.axes);
  const length = pointCount(group.row);
  return target.software ? softwareSchedule(rows, length, target) : hardwareSchedule(program, group, target);
}

/**
 * Barriers cost, so one invocation per row, unless rows are so few that SIMD lanes and cores would idle. On two cores:
 * cross-entropy of 1024 x 256: 0.7 ms; with 8 invocations per row 1.5 ms, with 32 2.5 ms; norm of 1024 x 64: 0.16 ms
 * (0.4, 1.1); sum of 1024 rows of 64 columns: 0.09 ms; cross-entropy of 1 x 8192: 0.15 ms (0.05, 0.07).
 */
function softwareSchedule(rows: number, length: number, target: WebGpuTarget): RowSchedule {
  const workgroup = Math.min(SOFTWARE_WORKGROUP, powerBelow(target.maxInvocations));
  const few = rows < 16 && length >= 256;
  return { workgroup, rows: few ? 1 : workgroup, across: false };
}

/**
 * On an H100: norm of 16384 x 768: 0.053 ms with 128 invocations per row, 0.063 with 256; cross-entropy of 2048 x 50304:
 * 0.74 ms (2.2 TB/s). Sum of 16384 rows in workgroups of 1024: of 2048 columns 0.11 ms by 8 (a memory sector), 0.15 by
 * 4; of 768 columns 0.08 and 0.06; of 65536 x 64 0.18, 0.11 and by 2 0.08. By 8 in workgroups of 256: three times as much.
 */
function hardwareSchedule(program: Program, group: RowGroup, target: WebGpuTarget): RowSchedule {
  const rows = pointCount(group.axes);
  const length = pointCount(group.row);
  const across = contiguousAcross(program, group);
  const most = powerBelow(target.maxInvocations);
  if (across) {
    const workgroup = Math.min(length >= 1024 ? 1024 : 256, most);
    const columns = rows >= 8 * 128 ? 8 : rows >= 4 * 128 ? 4 : 2;
    const lanes = Math.min(workgroup / columns, powerAbove(length / 4));
    return { workgroup, rows: workgroup / lanes, across };
  }
  const few = rows * Math.min(length, 1024) < 1 << 17;
  const workgroup = Math.min(few && length >= 4096 ? 1024 : 256, most);
  const lanes = Math.min(workgroup, powerAbove(length / (few ? 4 : 8)));
  return { workgroup, rows: workgroup / lanes, across };
}

const powerAbove = (x: number): number => 2 ** Math.max(0, Math.ceil(Math.log2(x)));
const powerBelow = (x: number): number => 2 ** Math.floor(Math.log2(x));

/** Whether most loads of the reductions are contiguous along `axes`, not along the row. */
function contiguousAcross(program: Program, group: RowGroup): boolean {
  const scope = WgslScope.root(program, () => '');
  scope.bindAxes(group.axes, 'r');
  scope.bindAxes(group.row, 'e');
  const inRow = new Set(group.row.map((axis) => axis.name));
  const inAxes = new Set(group.axes.map((axis) => axis.name));
  let votes = 0;
  walk(
    group.reductions.map(({ value }) => value),
    (expr) => {
      if (expr.kind !== 'load') return;
      const unit = scope.flatIndex(expr.tensor, expr.index).terms.filter(({ coefficient }) => coefficient === 1);
      for (const { atom } of unit) {
        if (atom.kind !== 'var') continue;
        if (inRow.has(atom.name)) votes--;
        if (inAxes.has(atom.name)) votes++;
      }
    },
  );
  return votes > 0;
}
