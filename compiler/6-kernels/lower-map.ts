// Takes: a map group. Gives: its kernel part.
// Promises: every point once; neighbouring invocations take neighbouring points.
import type { MapGroup, Program } from '../5-optimize/groups.ts';
import type { Target } from '../7-plan/plan.ts';
import type { KernelPart } from './kernel.ts';
import { WgslScope } from './wgsl-expr.ts';
import { pointCount, storeExprs, touchedTensors } from './wgsl/touched.ts';

interface MapSchedule {
  readonly workgroup: number;
  /** Points of one invocation, `workgroup` apart. */
  readonly each: number;
}

export function mapSchedule(points: number, target: Target): MapSchedule {
  if (!target.software) return { workgroup: Math.min(256, target.maxInvocations), each: 1 };
  return { workgroup: Math.min(64, target.maxInvocations), each: points >= 1 << 16 ? 16 : 1 };
}

export function lowerMap(program: Program, group: MapGroup, target: Target, schedule?: MapSchedule): KernelPart {
  const points = pointCount(group.axes);
  const { workgroup, each } = schedule ?? mapSchedule(points, target);
  return {
    name: group.name,
    family: 'map',
    tensors: touchedTensors([], group.stores),
    workgroupSize: workgroup,
    workgroups: Math.ceil(points / (workgroup * each)),
    workgroupBytes: 0,
    print: (tensorName) => {
      const root = WgslScope.root(program, tensorName);
      root.share(storeExprs(group.stores));
      const atPoint = (scope: WgslScope, first: string): void => {
        scope.line(`let p = ${first};`);
        if (points % (workgroup * each) === 0) writePoint(scope, group);
        else scope.block(`if (p < ${points}u)`, (inner) => writePoint(inner, group));
      };
      if (each === 1) atPoint(root, `wg * ${workgroup}u + lane`);
      else
        root.block(`for (var k = 0u; k < ${each}u; k++)`, (inner) => {
          atPoint(inner, `(wg * ${each}u + k) * ${workgroup}u + lane`);
        });
      return { declarations: '', body: root.lines.join('\n'), helpers: root.helpers() };
    },
  };
}

function writePoint(scope: WgslScope, group: MapGroup): void {
  scope.bindAxes(group.axes, 'p');
  scope.stores(group.stores);
}
