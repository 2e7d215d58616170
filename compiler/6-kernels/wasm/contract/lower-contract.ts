// Takes: a contract group. Gives: its kernel part.
// Promises: every sum in a fixed order, whatever the number of threads.
import type { ContractGroup, Program } from '../../../5-optimize/groups.ts';
import type { WasmTarget } from '../../../7-plan/plan.ts';
import { touchedTensors } from '../../analysis/touched.ts';
import type { WasmPart } from '../wasm-part.ts';
import { BlockedProduct } from './blocked-product.ts';
import { productLoops } from './product-loops.ts';
import type { Tiling } from './tiling.ts';

export function lowerContract(program: Program, group: ContractGroup, target: WasmTarget, tiling?: Tiling): WasmPart {
  const kernel = new BlockedProduct(program, group, target, productLoops(program, group, target), tiling);
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
