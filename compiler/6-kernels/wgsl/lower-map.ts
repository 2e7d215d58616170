// Takes: a map group. Gives: its kernel part.
// Promises: every point once; neighbouring invocations take neighbouring points.
import type { MapGroup, Program } from '../../5-optimize/groups.ts';
import type { WebGpuTarget } from '../../7-plan/plan.ts';
import type { WgslPart } from './wgsl-part.ts';
import { WgslScope } from './wgsl-scope.ts';
import { SOFTWARE_BLOCKS, SOFTWARE_WORKGROUP } from './software.ts';
import { pointCount, storeExprs, touchedTensors } from '../analysis/touched.ts';

export interface MapSchedule {
  readonly workgroup: number;
  /** Neighbouring points one workgroup takes, a multiple of `workgroup`. */
  readonly block: number;
}

/**
 * On a software adapter 8 invocations side by side cost 150 ns before they do anything, and a loop of known length is
 * unrolled into slow code. 2^20 points, x + y, on two cores: 12 ms with a point per invocation, 2.5 ms in blocks of 4096.
 */
export function mapSchedule(points: number, target: WebGpuTarget): MapSchedule {
  if (!target.software) {
    const workgroup = Math.min(256, target.maxInvocations);
    return { workgroup, block: workgroup };
  }
  const workgroup = Math.min(SOFTWARE_WORKGROUP, target.maxInvocations);
  const block = Math.ceil(points / SOFTWARE_BLOCKS / workgroup) * workgroup;
  return { workgroup, block: Math.min(4096, Math.max(workgroup, block)) };
}

export function lowerMap(program: Program, group: MapGroup, target: WebGpuTarget, schedule?: MapSchedule): WgslPart {
  const points = pointCount(group.axes);
  const { workgroup, block } = schedule ?? mapSchedule(points, target);
  return {
    name: group.name,
    family: 'map',
    tensors: touchedTensors([], group.stores),
    workgroupSize: workgroup,
    workgroups: Math.ceil(points / block),
    workgroupBytes: 0,
    print: (tensorName) => {
      const root = WgslScope.root(program, tensorName);
      root.share(storeExprs(group.stores));
      const exact = points % block === 0;
      const write = (scope: WgslScope): void => {
        scope.bindAxes(group.axes, 'p');
        scope.stores(group.stores);
      };
      if (block === workgroup) {
        root.line(`let p = wg * ${workgroup}u + lane;`);
        if (exact) write(root);
        else root.block(`if (p < ${points}u)`, write);
      } else {
        root.line(`let end = ${exact ? `(wg + 1u) * ${block}u` : `min((wg + 1u) * ${block}u, ${points}u)`};`);
        root.block(`for (var p = wg * ${block}u + lane; p < end; p += ${workgroup}u)`, write);
      }
      return { declarations: '', body: root.lines.join('\n'), helpers: root.helpers() };
    },
  };
}
