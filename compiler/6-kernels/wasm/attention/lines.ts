// Takes: areas of a thread's scratch memory. Gives: their addresses, and arithmetic on them.
// Promises: what is known when the kernel is written is folded.
import { add, i32, mul, op } from '../code/code.ts';
import type { Code } from '../code/code.ts';
import { greatest, least } from '../scope/value.ts';
import type { WasmScope } from '../scope/wasm-scope.ts';
import type { Area, Areas } from './blocks.ts';

/** An area: its address, and bytes from row to row. */
export interface Lines {
  readonly at: Code;
  readonly stride: number;
}

/** As `Areas`. */
export type Memory = {
  readonly [K in 'rows' | 'products' | 'pairs' | 'panels' | 'sums' | 'staged']: readonly Lines[];
} & { readonly top: Lines; readonly total: Lines };

export function memoryOf(root: WasmScope, scratch: Code, areas: Areas): Memory {
  const lines = ({ at, stride }: Area): Lines => ({ at: root.let(add(scratch, i32(at)), 'area'), stride });
  const all = (of: readonly Area[]): readonly Lines[] => of.map(lines);
  return {
    rows: all(areas.rows),
    products: all(areas.products),
    pairs: all(areas.pairs),
    panels: all(areas.panels),
    sums: all(areas.sums),
    staged: all(areas.staged),
    top: lines(areas.top),
    total: lines(areas.total),
  };
}

export const lineAt = ({ at, stride }: Lines, index: Code): Code => add(at, mul(index, i32(stride)));

export function lesser(scope: WasmScope, x: Code, y: Code): Code {
  if (x.kind === 'const' && y.kind === 'const') return i32(Math.min(x.value, y.value));
  return least(scope.simple(x), scope.simple(y));
}

export function greater(scope: WasmScope, x: Code, y: Code): Code {
  if (x.kind === 'const' && y.kind === 'const') return i32(Math.max(x.value, y.value));
  return greatest(scope.simple(x), scope.simple(y));
}

/** To a multiple of a power of two. */
export function roundDown(scope: WasmScope, x: Code, step: number): Code {
  return x.kind === 'const' ? i32(x.value & -step) : scope.let(op('i32.and', [x, i32(-step)]), 'down');
}
