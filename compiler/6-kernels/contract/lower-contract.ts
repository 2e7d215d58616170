// Takes: a contract group. Gives: its kernel part.
// Promises: every sum in a fixed order; operands are read where they lie: a transpose is an index, never a copy.
import type { ContractGroup, Program } from '../../5-optimize/groups.ts';
import type { Target } from '../../7-plan/plan.ts';
import type { KernelPart } from '../kernel.ts';
import { pointCount, touchedTensors } from '../wgsl/touched.ts';
import { WgslScope } from '../wgsl-expr.ts';
import { transposed } from './loops.ts';
import { registerTileWorkgroups, writeRegisterTile } from './register-tile.ts';
import { contractSchedule } from './schedule.ts';
import type { ContractSchedule } from './schedule.ts';

export function lowerContract(
  program: Program,
  group: ContractGroup,
  target: Target,
  schedule?: ContractSchedule,
): KernelPart {
  // Lanes lie along n.
  const turned = pointCount(group.n) < Math.min(8, pointCount(group.m)) ? transposed(group) : group;
  const chosen = schedule ?? contractSchedule(turned, target);
  const operands = group.accumulators.flatMap(({ terms }) => terms.flatMap(({ a, b }) => [a, b]));
  return {
    name: group.name,
    family: 'contract',
    tensors: touchedTensors(operands, group.stores),
    workgroupSize: chosen.lanes,
    workgroups: registerTileWorkgroups(turned, chosen),
    workgroupBytes: 0,
    print: (tensorName) => {
      const root = WgslScope.root(program, tensorName);
      writeRegisterTile(root, turned, chosen);
      return { declarations: '', body: root.lines.join('\n'), helpers: root.helpers() };
    },
  };
}
