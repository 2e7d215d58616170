// Takes: an attention group, forward or backward, and a target. Gives: its kernel part.
// Promises: scores are never stored (FlashAttention-2, arXiv 2307.08691); keys beyond what the mask can show are not
// visited, so a decode step costs what its position says; a query that sees no key gives 0 and lse -3.0e38.
import type { AttentionGradGroup, AttentionGroup, Program } from '../../../5-optimize/groups.ts';
import type { WasmTarget } from '../../../7-plan/plan.ts';
import type { Sides } from '../../analysis/attention-sides.ts';
import { exprsOf, sidesOf, storesOf } from '../../analysis/attention-sides.ts';
import { pointCount, touchedTensors } from '../../analysis/touched.ts';
import { OperandAnalysis } from '../contract/operand.ts';
import { tileProduct } from '../contract/tile-product.ts';
import { WasmScope } from '../scope/wasm-scope.ts';
import type { WasmPart } from '../wasm-part.ts';
import { AttentionPass } from './attention-pass.ts';
import { areasOf, blockWorkgroups, directBlocks, packedBlocks } from './blocks.ts';
import type { Blocks } from './blocks.ts';
import { DirectColumns } from './direct-columns.ts';
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
  const operands = new OperandAnalysis(program, target, [...group.batch, ...sides.outer]);
  const cut = blocks ?? blocksOf(sides, operands, target);
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
      const product = tileProduct(target.features.includes('relaxed-simd'));
      const parts = { sides, weights, staged, blocks: cut, operands, memory: memoryOf(root, frame.scratch, areas) };
      const work = cut.kind === 'packed' ? new PackedColumns({ ...parts, product }) : new DirectColumns(parts);
      const pass = new AttentionPass({ ...parts, work });
      root.loop(frame.begin, frame.end, 1, (scope, workgroup) => pass.write(scope, workgroup), 'workgroup');
      return root.statements;
    },
  };
}

/** So many rows take keys and values from where they lie in less time than it takes to pack them: 8 rows 10 to 15% less, 1 row half. */
const FEW_ROWS = 8;

function blocksOf(sides: Sides, operands: OperandAnalysis, target: WasmTarget): Blocks {
  const { rows, column, products, sums, weights } = sides;
  const few = weights.kind === 'softmax' && pointCount(rows) <= FEW_ROWS;
  const side = products.every((one) => operands.operand(one.column, [one.axis], [column], 'k').scattered.k === 0);
  const steps = sums.every((one) => operands.operand(one.column, [column], [one.axis], 'side').scattered.side === 0);
  return few && side && steps ? directBlocks(sides) : packedBlocks(sides, target);
}
