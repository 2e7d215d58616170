// Takes: an attention group, forward or backward, and a target. Gives: its kernel part.
// Promises: the schedule depends on the group's sizes and the target alone.
import type { AttentionGradGroup, AttentionGroup, Program } from '../../5-optimize/groups.ts';
import type { Target } from '../../7-plan/plan.ts';
import type { KernelPart } from '../kernel.ts';
import { touchedTensors } from '../wgsl/touched.ts';
import { WgslScope } from '../wgsl-expr.ts';
import { BlockTileKernel, blockTile, blockTileFloats, blockTileWorkgroups } from './block-tile.ts';
import type { BlockTile } from './block-tile.ts';
import { ShuffleTileKernel, shuffleTile, shuffleTileWorkgroups } from './shuffle-tile.ts';
import { exprsOf, sidesOf, storesOf } from './sides.ts';
import type { Sides } from './sides.ts';

type Kernel = Pick<KernelPart, 'workgroupSize' | 'workgroups' | 'workgroupBytes'> & {
  /** Writes the body; gives the declarations. */
  readonly write: (root: WgslScope, prefix: string) => string;
};

/** `tile`: instead of the schedule the target would get. */
export function lowerSides(
  program: Program,
  group: AttentionGroup | AttentionGradGroup,
  target: Target,
  tile?: BlockTile,
): KernelPart {
  const sides = sidesOf(group);
  const shuffles = target.software && target.subgroupSize === 8 && !tile;
  const lanes = Math.min(128, target.maxInvocations);
  const kernel = shuffles ? shuffled(sides) : blocked(sides, tile ?? blockTile(sides, lanes, !target.software));
  const { write, ...geometry } = kernel;
  return {
    name: group.name,
    family: group.kind,
    tensors: touchedTensors(exprsOf(sides), storesOf(sides)),
    ...geometry,
    print: (tensorName, prefix) => {
      const root = WgslScope.root(program, tensorName);
      const declarations = write(root, prefix);
      return { declarations, body: root.lines.join('\n'), helpers: root.helpers() };
    },
  };
}

/** Barriers cost a software adapter much, shuffles of its 8 lanes nothing. */
function shuffled(sides: Sides): Kernel {
  const tile = shuffleTile(sides, 8);
  return {
    workgroupSize: tile.lanes,
    workgroups: shuffleTileWorkgroups(sides, tile),
    workgroupBytes: 0,
    write: (root) => {
      new ShuffleTileKernel(sides, tile).write(root);
      return '';
    },
  };
}

function blocked(sides: Sides, tile: BlockTile): Kernel {
  return {
    workgroupSize: tile.lanes,
    workgroups: blockTileWorkgroups(sides, tile),
    workgroupBytes: 4 * blockTileFloats(sides, tile),
    write: (root, prefix) => new BlockTileKernel(sides, tile, prefix).write(root),
  };
}
