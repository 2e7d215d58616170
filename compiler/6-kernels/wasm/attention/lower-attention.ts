// Takes: an attention group, forward or backward, and a target. Gives: its kernel part.
// Promises: scores are never stored (FlashAttention-2, arXiv 2307.08691); keys beyond what the mask can show are not
// visited, so a decode step costs what its position says; a query that sees no key gives 0 and lse -3.0e38.
import type { AttentionGradGroup, AttentionGroup, Program } from '../../../5-optimize/groups.ts';
import type { WasmTarget } from '../../../7-plan/plan.ts';
import { exprsOf, sidesOf, storesOf } from '../../analysis/attention-sides.ts';
import { touchedTensors } from '../../analysis/touched.ts';
import { OperandAnalysis } from '../contract/operand.ts';
import { tileProduct } from '../contract/tile-product.ts';
import { WasmScope } from '../scope/wasm-scope.ts';
import type { WasmPart } from '../wasm-part.ts';
import { AttentionPass } from './attention-pass.ts';
import { areasOf, blocksOf, blockWorkgroups } from './blocks.ts';
import type { Blocks } from './blocks.ts';
import { memoryOf } from './lines.ts';
import { PackedColumns } from './packed-columns.ts';
import { stagedWeights } from './places.ts';

/** `blocks`: instead of those the sizes ask for. */
export function lowerAttention(
  program: Program,
  group: AttentionGroup | AttentionGradGroup,
  target: WasmTarget,
  blocks?: Blocks,
): WasmPart {
  const sides = sidesOf(group);
  const cut = blocks ?? blocksOf(sides, target);
  const { weights, staged } = stagedWeights(sides);
  const areas = areasOf(sides, cut, staged.length);
  return {
    name: group.name,
    family: group.kind,
    tensors: touchedTensors(exprsOf(sides), storesOf(sides)),
    workgroupSize: 1,
    workgroups: blockWorkgroups(sides, cut),
    workgroupBytes: 0,
    scratchBytes: areas.bytes,
    build: (frame) => {
      const root = WasmScope.root(program, frame, target);
      const operands = new OperandAnalysis(program, target, [...group.batch, ...sides.outer]);
      const product = tileProduct(target.features.includes('relaxed-simd'));
      const parts = { sides, weights, staged, blocks: cut, operands, memory: memoryOf(root, frame.scratch, areas) };
      const pass = new AttentionPass({ ...parts, work: new PackedColumns({ ...parts, product }) });
      root.loop(frame.begin, frame.end, 1, (scope, workgroup) => pass.write(scope, workgroup), 'workgroup');
      return root.statements;
    },
  };
}
