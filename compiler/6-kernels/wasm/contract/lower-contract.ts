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
import type { ProductLoop } from './product-loops.ts';
import type { Tiling } from './tiling.ts';

/** Rows that are multiplied faster than the matrix could be packed. */
const FEW = 32;
const FEW_ALONG_COLUMNS = 8;
const MANY_COLUMNS = 512;
/** Packing pays where an element of the matrix takes longer than this and more than two rows would compute it again. */
const CHEAP = 1.5;

export type ContractSchedule = 'few rows' | Tiling;

export function lowerContract(
  program: Program,
  group: ContractGroup,
  target: WasmTarget,
  schedule?: ContractSchedule,
): WasmPart {
  const kernel = kernelFor(program, group, target, schedule);
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

function kernelFor(
  program: Program,
  group: ContractGroup,
  target: WasmTarget,
  schedule?: ContractSchedule,
): FewRows | BlockedProduct {
  const [m, n] = [pointCount(group.m), pointCount(group.n)];
  const flat = n < m ? transposed(group) : group;
  const few = schedule === undefined ? Math.min(m, n) <= FEW : schedule === 'few rows';
  if (few) {
    const loops = productLoops(program, flat, target);
    if (schedule || isFew(Math.min(m, n), Math.max(m, n), loops)) return new FewRows(program, flat, target, loops);
  }
  const tiling = schedule === 'few rows' ? undefined : schedule;
  return new BlockedProduct(program, group, target, productLoops(program, group, target), tiling);
}

/**
 * Along k, 12 to 48 rows reach 59 GFLOP/s, in tiles 50 to 59. Along the columns it is 62 to 65 where a workgroup has many of them, but
 * 38 of 64 columns, in tiles 52.
 */
function isFew(rows: number, columns: number, loops: readonly ProductLoop[]): boolean {
  const matrices = loops.flatMap(({ b }) => b);
  if (rows <= 2) return true;
  if (matrices.some(({ cost }) => cost > CHEAP)) return false;
  return rows <= FEW_ALONG_COLUMNS || columns >= MANY_COLUMNS || matrices.every(({ along }) => along === 'k');
}
