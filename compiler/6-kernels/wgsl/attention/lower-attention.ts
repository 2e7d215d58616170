// Takes: an attention group, forward or backward, and a target. Gives: its kernel part.
// Promises: scores are never stored (FlashAttention-2, arXiv 2307.08691); keys beyond what the mask can show are not
// visited, so a decode step costs what its position says; a query that sees no key gives 0 and lse -3.0e38.
import { invariant } from '../../../diagnostics.ts';
import type { AttentionGradGroup, AttentionGroup, Program } from '../../../5-optimize/groups.ts';
import type { WebGpuTarget } from '../../../7-plan/plan.ts';
import type { WgslPart } from '../wgsl-part.ts';
import { pointCount, touchedTensors } from '../../analysis/touched.ts';
import { WgslScope } from '../wgsl-scope.ts';
import { BlockTileKernel, blockTileFloats, blockTileWorkgroups, blockTiles } from './block-tile.ts';
import type { BlockTile } from './block-tile.ts';
import { DecodeTileKernel, decodeTileFloats } from './decode-tile.ts';
import type { DecodeTile } from './decode-tile.ts';
import { ShuffleTileKernel, shuffleTile, shuffleTileWorkgroups } from './shuffle-tile.ts';
import type { ShuffleTile } from './shuffle-tile.ts';
import { matrixLayout, matrixTileBytes, matrixTileWorkgroups } from './matrix/matrix-layout.ts';
import type { MatrixTile } from './matrix/matrix-layout.ts';
import { matrixTiles } from './matrix/matrix-schedule.ts';
import { MatrixTileKernel } from './matrix/matrix-tile.ts';
import { wideTensors } from './matrix/stage-halves.ts';
import { exprsOf, sidesOf, storesOf } from '../../analysis/attention-sides.ts';
import type { Sides } from '../../analysis/attention-sides.ts';

type Kernel = Pick<WgslPart, 'workgroupSize' | 'workgroups' | 'workgroupBytes' | 'wide'> & {
  /** Writes the body; gives the declarations. */
  readonly write: (root: WgslScope, prefix: string) => string;
};

export type AttentionSchedule = ({ kind: 'shuffle' } & ShuffleTile) | ({ kind: 'block' } & BlockTile) | ({ kind: 'decode' } & DecodeTile) | ({ kind: 'matrix' } & MatrixTile); // prettier-ignore

/** `schedule`: instead of the one the target would get. */
export function lowerAttention(
  program: Program,
  group: AttentionGroup | AttentionGradGroup,
  target: WebGpuTarget,
  schedule?: AttentionSchedule,
): WgslPart {
  const sides = sidesOf(group);
  const { write, ...geometry } = kernelOf(program, sides, schedule ?? scheduleOf(sides, target));
  return {
    name: group.name,
    family: group.kind,
    tensors: touchedTensors(exprsOf(sides), storesOf(sides)),
    ...geometry,
    print: (tensorName, prefix) => {
      const root = WgslScope.root(program, tensorName, geometry.wide);
      const declarations = write(root, prefix);
      return { declarations, body: root.lines.join('\n'), helpers: root.helpers() };
    },
  };
}

/** Schedules that may be the fastest, first the one the target gets; none where there is but that one. */
export function attentionSchedules(
  group: AttentionGroup | AttentionGradGroup,
  target: WebGpuTarget,
): readonly AttentionSchedule[] {
  const sides = sidesOf(group);
  if (scheduleOf(sides, target).kind !== 'matrix') return [];
  return matrixTiles(sides, target).map((tile) => ({ kind: 'matrix', ...tile }));
}

/** Barriers cost a software adapter much, shuffles of its 8 lanes nothing. */
function scheduleOf(sides: Sides, target: WebGpuTarget): AttentionSchedule {
  if (target.software && target.subgroupSize === 8) return { kind: 'shuffle', ...shuffleTile(sides, 8) };
  const fits = (floats: number, lanes: number): boolean =>
    4 * floats <= target.maxWorkgroupStorage && lanes <= target.maxInvocations;
  const lanes = sides.column.size > 512 ? [1024, 256] : [256];
  const decode = lanes.find((lanes) => fits(decodeTileFloats(sides, { lanes }), lanes));
  const few = pointCount(sides.rows) <= 8 && sides.column.size >= 64 && !target.software;
  const narrow = sides.sums.every(({ axis }) => axis.size <= 256);
  if (sides.weights.kind === 'softmax' && few && narrow && decode !== undefined)
    return { kind: 'decode', lanes: decode };
  const [matrix] = matrixTiles(sides, target);
  if (matrix) return { kind: 'matrix', ...matrix };
  const tiles = blockTiles(sides, !target.software);
  const block = tiles.find((tile) => fits(blockTileFloats(sides, tile), tile.lanes));
  invariant(block, `${sides.group.name}: no attention kernel fits ${target.maxWorkgroupStorage} bytes`);
  return { kind: 'block', ...block };
}

function kernelOf(program: Program, sides: Sides, schedule: AttentionSchedule): Kernel {
  switch (schedule.kind) {
    case 'shuffle':
      return {
        workgroupSize: schedule.lanes,
        workgroups: shuffleTileWorkgroups(sides, schedule),
        workgroupBytes: 0,
        write: (root) => new ShuffleTileKernel(sides, schedule).write(root),
      };
    case 'block':
      return {
        workgroupSize: schedule.lanes,
        workgroups: blockTileWorkgroups(sides, schedule),
        workgroupBytes: 4 * blockTileFloats(sides, schedule),
        write: (root, prefix) => new BlockTileKernel(sides, schedule, prefix).write(root),
      };
    case 'matrix':
      return matrixKernel(program, sides, schedule);
    case 'decode':
      break;
  }
  return {
    workgroupSize: schedule.lanes,
    workgroups: pointCount(sides.group.batch),
    workgroupBytes: 4 * decodeTileFloats(sides, schedule),
    write: (root, prefix) => new DecodeTileKernel(sides, schedule, prefix).write(root),
  };
}

function matrixKernel(program: Program, sides: Sides, tile: MatrixTile): Kernel {
  const written = storesOf(sides).map(({ tensor }) => tensor);
  const wide = wideTensors(program, sides, written);
  return {
    workgroupSize: matrixLayout(sides, tile).lanes,
    workgroups: matrixTileWorkgroups(sides, tile),
    workgroupBytes: matrixTileBytes(sides, tile),
    wide,
    write: (root, prefix) => new MatrixTileKernel(program, sides, tile, wide, prefix).write(root),
  };
}
