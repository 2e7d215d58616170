// Takes: a contract group. Gives: its kernel part.
// Promises: every sum in a fixed order, whatever the number of threads.
import type { ContractGroup, Program } from '../../../5-optimize/groups.ts';
import type { WasmTarget } from '../../../7-plan/plan.ts';
import { transposed } from '../../analysis/contract-loops.ts';
import { pointCount, touchedTensors } from '../../analysis/touched.ts';
import type { WasmPart } from '../wasm-part.ts';
import { BlockedProduct } from './blocked-product.ts';
import { FewRows } from './few-rows.ts';
import { productLoops } from './product-loops.ts';
import type { Tiling } from './tiling.ts';

/** Rows up to which a product is bound by reading the matrix. */
const FEW = 8;

export type ContractSchedule = 'few rows' | Tiling;

export function lowerContract(
  program: Program,
  group: ContractGroup,
  target: WasmTarget,
  schedule?: ContractSchedule,
): WasmPart {
  const [m, n] = [pointCount(group.m), pointCount(group.n)];
  const turned = n < m && n <= FEW ? transposed(group) : group;
  const chosen = schedule ?? (Math.min(m, n) <= FEW ? 'few rows' : undefined);
  const loops = productLoops(program, turned, target);
  const kernel =
    chosen === 'few rows'
      ? new FewRows(program, turned, target, loops)
      : new BlockedProduct(program, turned, target, loops, chosen);
  const operands = group.accumulators.flatMap(({ terms }) => terms.flatMap(({ a, b }) => [a, b]));
  return {
    name: group.name,
    family: 'contract',
    tensors: touchedTensors(operands, group.stores),
    workgroupSize: 1,
    workgroups: kernel.workgroups,
    workgroupBytes: 0,
    scratchBytes: kernel.scratchBytes,
    build: (frame) => kernel.build(frame),
  };
}
