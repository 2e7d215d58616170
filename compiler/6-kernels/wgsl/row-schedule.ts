// Takes: a row group and a target. Gives: how many rows a workgroup takes and how many invocations a row.
// Promises: the number of invocations per row is a power of two.
import type { Program, RowGroup } from '../../5-optimize/groups.ts';
import type { Target } from '../../7-plan/plan.ts';
import { WgslScope } from '../wgsl-expr.ts';
import { walk } from './expr-table.ts';
import { SOFTWARE_WORKGROUP } from './software.ts';
import { pointCount } from './touched.ts';

export interface RowSchedule {
  readonly workgroup: number;
  /** Rows of one workgroup; a row has workgroup / rows invocations. */
  readonly rows: number;
  /** Neighbouring invocations take neighbouring rows rather than neighbouring elements of one row. */
  readonly across: boolean;
}

export const lanesInRow = (schedule: RowSchedule): number => schedule.workgroup / schedule.rows;

export function rowSchedule(program: Program, group: RowGroup, target: Target): RowSchedule {
  const rows = pointCount(group.axes);
  const length = pointCount(group.row);
  return target.software ? softwareSchedule(rows, length, target) : hardwareSchedule(program, group, target);
}

/**
 * Barriers cost, so one invocation per row, unless rows are so few that SIMD lanes and cores would idle. On two cores:
 * cross-entropy of 1024 x 256: 0.7 ms; with 8 invocations per row 1.5 ms, with 32 2.5 ms; norm of 1024 x 64: 0.16 ms
 * (0.4, 1.1); sum of 1024 rows of 64 columns: 0.09 ms; cross-entropy of 1 x 8192: 0.15 ms (0.05, 0.07).
 */
function softwareSchedule(rows: number, length: number, target: Target): RowSchedule {
  const workgroup = Math.min(SOFTWARE_WORKGROUP, powerBelow(target.maxInvocations));
  const few = rows < 16 && length >= 256;
  return { workgroup, rows: few ? 1 : workgroup, across: false };
}

function hardwareSchedule(program: Program, group: RowGroup, target: Target): RowSchedule {
  const rows = pointCount(group.axes);
  const length = pointCount(group.row);
  const across = contiguousAcross(program, group);
  // Few long rows: as many invocations as a workgroup can have.
  const wanted = rows * Math.min(length, 1024) < 1 << 17 && length >= 4096 ? 1024 : 256;
  const workgroup = Math.min(wanted, powerBelow(target.maxInvocations));
  if (!across) {
    const lanes = Math.min(workgroup, powerAbove(length / 4));
    return { workgroup, rows: workgroup / lanes, across };
  }
  // 8 neighbouring f32 fill a memory sector, 32 a cache line.
  const least = rows < 32 * 128 ? 8 : 32;
  const lanes = Math.min(workgroup / least, powerAbove(length / 4));
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
