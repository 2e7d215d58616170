// Takes: an attention group, forward or backward. Gives: its kernel part, for a device whose workgroups are single subgroups.
// Promises: see shuffle-tile.ts.
import type { AttentionGradGroup, AttentionGroup, Program } from '../../5-optimize/groups.ts';
import type { KernelPart } from '../kernel.ts';
import { touchedTensors } from '../wgsl/touched.ts';
import { WgslScope } from '../wgsl-expr.ts';
import { ShuffleTileKernel, shuffleTile, shuffleTileWorkgroups } from './shuffle-tile.ts';
import { exprsOf, sidesOf, storesOf } from './sides.ts';

export function lowerShuffleTile(
  program: Program,
  group: AttentionGroup | AttentionGradGroup,
  lanes: number,
): KernelPart {
  const sides = sidesOf(group);
  const tile = shuffleTile(sides, lanes);
  return {
    name: group.name,
    family: group.kind,
    tensors: touchedTensors(exprsOf(sides), storesOf(sides)),
    workgroupSize: lanes,
    workgroups: shuffleTileWorkgroups(sides, tile),
    workgroupBytes: 0,
    print: (tensorName) => {
      const root = WgslScope.root(program, tensorName);
      new ShuffleTileKernel(sides, tile).write(root);
      return { declarations: '', body: root.lines.join('\n'), helpers: root.helpers() };
    },
  };
}
