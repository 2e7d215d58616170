// Takes: rows of a and a matrix b whose columns are neighbours in memory. Gives: the statements that add a * b to sums.
// Promises: b is read once for two rows; every sum in the order of k.
import { pointCount } from '../../analysis/touched.ts';
import { add, effect, i32, mul, op, sub } from '../code/code.ts';
import type { Code } from '../code/code.ts';
import type { WasmScope } from '../scope/wasm-scope.ts';
import { walkColumns } from './epilogue.ts';
import type { Operand, Rows } from './operand.ts';

const count = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** A workgroup's columns of the matrix, and its sums: row r at sums + r * 4 * width, one accumulator after the other. */
export interface Columns {
  readonly first: Code;
  readonly end: Code;
  readonly sums: Code;
}

export interface Parts {
  readonly a: Rows;
  readonly b: Operand;
  readonly sums: Code;
  readonly columns: Columns;
  readonly width: number;
  readonly fma: (x: Code, y: Code, z: Code) => Code;
}

/** Rows by twos. */
export function byTwos(
  scope: WasmScope,
  rows: number,
  write: (inner: WasmScope, row: Code, together: 1 | 2) => void,
): void {
  if (rows > 1) scope.loop(i32(0), i32(rows & -2), 2, (inner, row) => write(inner, row, 2), 'row');
  if (rows % 2 > 0) scope.block((inner) => write(inner, i32(rows - 1), 1));
}

/**
 * The matrix is contiguous along its columns: sums of all columns, several steps of k at a time. Of one row eight, which reads
 * 24 GB/s from memory where four read 18; more rows need the registers.
 */
export class RowSums {
  private readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  write(scope: WasmScope, rows: number): void {
    const depth = pointCount(this.parts.b.k);
    const together = rows === 1 ? 8 : 4;
    const whole = depth & -together;
    if (whole > 0) scope.loop(i32(0), i32(whole), together, (inner, k) => this.steps(inner, rows, k, together), 'k');
    if (depth > whole) scope.loop(i32(whole), i32(depth), 1, (inner, k) => this.steps(inner, rows, k, 1), 'k');
  }

  private steps(scope: WasmScope, rows: number, k: Code, steps: number): void {
    const { a, b, columns, sums, width, fma } = this.parts;
    byTwos(scope, rows, (inner, row, together) => {
      const at = inner.let(add(a.address, add(mul(row, i32(a.bytes)), mul(k, i32(4)))), 'a');
      const factors = count(together).map((i) => count(steps).map((q) => inner.let(op('v128.load32_splat', [at], { offset: i * a.bytes + 4 * q }), 'x'))); // prettier-ignore
      const start = inner.let(add(sums, sub(mul(row, i32(4 * width)), mul(columns.first, i32(4)))), 'sums');
      walkColumns(inner, b.side, columns, (each, lanes, column) => {
        const to = each.let(add(start, mul(column, i32(4))), 'to');
        const values = count(steps).map((q) => {
          let value: Code = i32(0);
          each.block((step) => {
            step.bindAxes(b.k, k, 1, q);
            value = step.let(step.wide(b.expr), 'y');
          });
          return value;
        });
        for (const i of count(together)) {
          const offset = 4 * width * i;
          const old = op(lanes === 4 ? 'v128.load' : 'v128.load32_zero', [to], { offset });
          const total = values.reduce((all, value, q) => fma(factors[i]?.[q] ?? value, value, all), old);
          const store = lanes === 4 ? effect('v128.store', [to, total], { offset }) : effect('v128.store32_lane', [to, total], { offset, lane: 0 }); // prettier-ignore
          each.push(store);
        }
      }); // prettier-ignore
    });
  }
}
