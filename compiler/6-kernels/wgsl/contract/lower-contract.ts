// Takes: a contract group. Gives: its kernel part.
// Promises: every sum in a fixed order; operands are read where they lie: a transpose is an index, never a copy.
import type { ContractGroup, Program } from '../../../5-optimize/groups.ts';
import type { WebGpuTarget } from '../../../7-plan/plan.ts';
import type { WgslPart } from '../wgsl-part.ts';
import { loadedTensors, pointCount, touchedTensors } from '../../analysis/touched.ts';
import { WgslScope } from '../wgsl-scope.ts';
import { loopsOf, transposed } from '../../analysis/contract-loops.ts';
import { registerTileWorkgroups, writeRegisterTile } from './register-tile.ts';
import { contractCandidates, contractSchedule } from './schedule.ts';
import type { ContractSchedule } from './schedule.ts';
import { vectorKind } from './vector-tile.ts';
import { SplitTileKernel, splitTileFloats, splitTileLanes, splitTileWorkgroups } from './split-tile.ts';
import { contiguous } from './contiguous.ts';
import { epilogueTensors } from './matrix/epilogue.ts';
import { MatrixKernel } from './matrix/matrix-kernel.ts';
import { matrixTileFloats, matrixTileLanes, matrixTileWorkgroups } from './matrix/matrix-tile.ts';
import { wideTensors } from './matrix/operand.ts';
import { WorkgroupTileKernel, workgroupTileFloats, workgroupTileLanes, workgroupTileWorkgroups } from './workgroup-tile.ts'; // prettier-ignore

/** What each kind of schedule needs, and its text. `write` gives the declarations; `wide` as in `WgslPart`. */
interface Kind<S extends ContractSchedule> {
  readonly lanes: (schedule: S) => number;
  readonly workgroups: (group: ContractGroup, schedule: S) => number;
  readonly floats: (group: ContractGroup, schedule: S) => number;
  /** As in `KernelPart`. */
  readonly isBrief?: boolean;
  readonly wide?: (program: Program, group: ContractGroup, schedule: S) => readonly number[];
  readonly write: (root: WgslScope, group: ContractGroup, schedule: S, prefix: string, program: Program) => string;
}

const kinds: { readonly [K in ContractSchedule['kind']]: Kind<Extract<ContractSchedule, { kind: K }>> } = {
  register: {
    lanes: (tile) => tile.lanes,
    workgroups: registerTileWorkgroups,
    floats: () => 0,
    write: writeRegisterTile,
  },
  split: {
    lanes: splitTileLanes,
    workgroups: splitTileWorkgroups,
    floats: splitTileFloats,
    write: (root, group, tile, prefix) => new SplitTileKernel(group, tile, prefix).write(root),
  },
  vector: vectorKind,
  workgroup: {
    lanes: workgroupTileLanes,
    workgroups: workgroupTileWorkgroups,
    floats: workgroupTileFloats,
    write: (root, group, tile, prefix) => new WorkgroupTileKernel(group, tile, prefix).write(root),
  },
  matrix: {
    lanes: matrixTileLanes,
    workgroups: matrixTileWorkgroups,
    floats: matrixTileFloats,
    wide: (program, group, tile) => [
      ...new Set([...wideTensors(program, group, tile, loopsOf(group)), ...epilogueTensors(program, group, tile)]),
    ],
    write: (root, group, tile, prefix, program) => new MatrixKernel(program, group, tile, prefix).write(root),
  },
};

export function lowerContract(
  program: Program,
  group: ContractGroup,
  target: WebGpuTarget,
  schedule?: ContractSchedule,
): WgslPart {
  const turned = turnedToLanes(group);
  const chosen = schedule ?? contractSchedule(turned, target, readsAlongK(program, turned));
  const kind = kinds[chosen.kind] as Kind<ContractSchedule>;
  const wide = kind.wide?.(program, turned, chosen) ?? [];
  const operands = group.accumulators.flatMap(({ terms }) => terms.flatMap(({ a, b }) => [a, b]));
  return {
    name: group.name,
    family: 'contract',
    tensors: touchedTensors(operands, group.stores),
    wide,
    ...(kind.isBrief === true ? { isBrief: true } : {}),
    workgroupSize: kind.lanes(chosen),
    workgroups: kind.workgroups(turned, chosen),
    workgroupBytes: 4 * kind.floats(turned, chosen),
    print: (tensorName, prefix) => {
      const root = WgslScope.root(program, tensorName, wide);
      const declarations = kind.write(root, turned, chosen, prefix, program);
      return { declarations, body: root.lines.join('\n'), helpers: root.helpers() };
    },
  };
}

/** The schedules that could compute it, first the one it gets where nothing was measured. */
export function contractSchedules(
  program: Program,
  group: ContractGroup,
  target: WebGpuTarget,
): readonly ContractSchedule[] {
  const turned = turnedToLanes(group);
  return contractCandidates(turned, target, readsAlongK(program, turned));
}

/** Neighbouring lanes take neighbouring columns. */
function turnedToLanes(group: ContractGroup): ContractGroup {
  return pointCount(group.n) < Math.min(8, pointCount(group.m)) ? transposed(group) : group;
}

function readsAlongK(program: Program, group: ContractGroup): boolean {
  const scope = WgslScope.root(program, String);
  return loopsOf(group).every(({ k, products }) =>
    products.every(({ b }) => loadedTensors([b]).size === 0 || contiguous(scope, b, k)),
  );
}
