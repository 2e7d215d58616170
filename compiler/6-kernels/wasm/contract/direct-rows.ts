// Takes: an operand that can be read where it lies. Gives: where its rows are.
// Promises: null for an operand that must be packed.
import { invariant } from '../../../diagnostics.ts';
import { add, i32 } from '../code/code.ts';
import type { Code } from '../code/code.ts';
import type { WasmScope } from '../scope/wasm-scope.ts';
import type { Operand } from './operand.ts';

/** Rows of f32 along k, `bytes` apart. */
export interface Rows {
  readonly address: Code;
  readonly bytes: number;
}

/** From one row and step of k on; in a scope that knows the batch axes. */
export function directRows(scope: WasmScope, operand: Operand, row: Code, step: Code): Rows | null {
  const { expr, side, k, rowBytes } = operand;
  if (rowBytes === null || expr.kind !== 'load') return null;
  let address: Code = i32(0);
  scope.block((inner) => {
    inner.bindAxes(side, row);
    inner.bindAxes(k, step);
    const place = inner.place(expr.tensor, expr.index, 'load');
    invariant(place.kind === 'one', 'one element');
    address = inner.let(add(place.cell.address, i32(place.cell.offset)), 'rows');
  });
  return { address, bytes: rowBytes };
}
