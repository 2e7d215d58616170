// Takes: rows of a and a matrix b that is contiguous along k. Gives: the statements that add a * b to sums.
// Promises: b is read once for two rows; every sum in one order: four lanes of k, or sixteen, then the lanes, then what is left over.
import { invariant } from '../../../diagnostics.ts';
import { pointCount } from '../../analysis/touched.ts';
import { add, call, effect, f32, f32x4, get, i32, mul, op, set, sub } from '../code/code.ts';
import type { Code } from '../code/code.ts';
import { lanesOf } from '../scope/value.ts';
import type { WasmScope } from '../scope/wasm-scope.ts';
import { byTwos } from './row-sums.ts';
import type { Parts } from './row-sums.ts';
import { transpose } from './transpose.ts';

const count = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** The matrix is contiguous along k: four columns at a time, four partial sums of each. */
export class DotProducts {
  private readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  write(scope: WasmScope, rows: number): void {
    const { columns, b } = this.parts;
    // The same loads for every column: the machine tells by them that memory is read in order, 35 GB/s; else 18.
    if (rows === 1) return scope.loop(columns.first, columns.end, 1, (inner, column) => this.columns(inner, 1, column, 1), 'n'); // prettier-ignore
    const fours = scope.let(add(columns.first, op('i32.and', [sub(columns.end, columns.first), i32(-4)])), 'fours');
    scope.loop(columns.first, fours, 4, (inner, column) => this.columns(inner, rows, column, 4), 'n');
    if (pointCount(b.side) % 4 > 0)
      scope.loop(fours, columns.end, 1, (inner, column) => this.columns(inner, rows, column, 1), 'n');
  }

  private columns(scope: WasmScope, rows: number, column: Code, wide: 1 | 4): void {
    const { sums, columns, width } = this.parts;
    byTwos(scope, rows, (inner, row, together) => {
      const totals = this.dots(inner, row, together, column, wide);
      const place = mul(add(mul(row, i32(width)), sub(column, columns.first)), i32(4));
      const to = inner.let(add(sums, place), 'to');
      for (const [i, total] of totals.entries()) {
        const offset = 4 * width * i;
        if (wide === 4)
          inner.push(effect('v128.store', [to, op('f32x4.add', [op('v128.load', [to], { offset }), total])], { offset })); // prettier-ignore
        else
          inner.push(effect('f32.store', [to, op('f32.add', [op('f32.load', [to], { offset }), total])], { offset }));
      }
    });
  }

  /** Of each row: the sums of `wide` columns, as a vector or as one number. */
  private dots(scope: WasmScope, row: Code, together: 1 | 2, column: Code, wide: 1 | 4): readonly Code[] {
    const { a, b } = this.parts;
    const at = scope.let(add(a.address, mul(row, i32(a.bytes))), 'a');
    const sums =
      together === 1
        ? [count(wide).map((j) => this.column(scope, at, column, j))]
        : this.tile(scope, at, together, column, wide);
    const tails = pointCount(b.k) % 4 > 0 ? this.rest(scope, at, together, column, wide) : [];
    return sums.map((row_, i) => total(scope, row_, tails[i] ?? []));
  }

  /** One row and one column, 16 steps of k at a time. */
  private column(scope: WasmScope, at: Code, column: Code, j: number): Code {
    const depth = pointCount(this.parts.b.k);
    const parts = count(4).map(() => scope.local('s', 'f32', 4));
    for (const one of parts) scope.push(set(one, f32x4(0)));
    const walk = (from: number, to: number, vectors: number): void => {
      if (from >= to) return;
      scope.loop(i32(from), i32(to), 4 * vectors, (inner, k) => {
        const start = inner.let(add(at, mul(k, i32(4))), 'a');
        for (const [q, one] of parts.slice(0, vectors).entries()) {
          const factor = op('v128.load', [start], { offset: 16 * q });
          inner.push(set(one, this.parts.fma(factor, this.fours(inner, column, j, k, 4 * q), get(one))));
        }
      }, 'k'); // prettier-ignore
    };
    walk(0, depth & -16, 4);
    walk(depth & -16, depth & -4, 1);
    const [s0, s1, s2, s3] = parts.map(get);
    invariant(s0 && s1 && s2 && s3, 'four partial sums');
    const plus = (x: Code, y: Code): Code => op('f32x4.add', [x, y]);
    return scope.let(plus(plus(s0, s1), plus(s2, s3)), 's');
  }

  /** Rows x columns, four steps of k at a time. */
  private tile(scope: WasmScope, at: Code, together: number, column: Code, wide: 1 | 4): readonly (readonly Code[])[] {
    const { a, b, fma } = this.parts;
    const depth = pointCount(b.k);
    const sums = count(together).map(() => count(wide).map(() => scope.local('s', 'f32', 4)));
    for (const one of sums.flat()) scope.push(set(one, f32x4(0)));
    if (depth >= 4)
      scope.loop(i32(0), i32(depth & -4), 4, (inner, k) => {
        const from = inner.let(add(at, mul(k, i32(4))), 'a');
        const factors = count(together).map((i) => inner.let(op('v128.load', [from], { offset: i * a.bytes }), 'x'));
        for (const j of count(wide)) {
          const value = this.fours(inner, column, j, k, 0);
          for (const [i, factor] of factors.entries()) {
            const one = sums[i]?.[j];
            if (one) inner.push(set(one, fma(factor, value, get(one))));
          }
        }
      }, 'k'); // prettier-ignore
    return sums.map((row) => row.map(get));
  }

  /** The matrix at four steps of k from k + plus on. */
  private fours(scope: WasmScope, column: Code, j: number, k: Code, plus: number): Code {
    const { b } = this.parts;
    let value: Code = f32x4(0);
    scope.block((inner) => {
      inner.bindAxes(b.side, column, 1, j);
      inner.bindAxes(b.k, k, 4, plus);
      value = inner.let(inner.wide(b.expr), 'y');
    });
    return value;
  }

  /** The last steps of k, one by one. */
  private rest(scope: WasmScope, at: Code, together: number, column: Code, wide: number): readonly (readonly Code[])[] {
    const { a, b } = this.parts;
    const depth = pointCount(b.k);
    const sums = count(together).map(() => count(wide).map(() => scope.local('t', 'f32', 1)));
    for (const one of sums.flat()) scope.push(set(one, f32(0)));
    scope.loop(i32(depth & -4), i32(depth), 1, (inner, k) => {
      const from = inner.let(add(at, mul(k, i32(4))), 'a');
      inner.bindAxes(b.k, k);
      for (const j of count(wide))
        inner.block((each) => {
          each.bindAxes(b.side, column, 1, j);
          const value = each.let(each.expr(b.expr).code, 'y');
          for (const [i, row] of sums.entries()) {
            const one = row[j];
            const factor = op('f32.load', [from], { offset: i * a.bytes });
            if (one) each.push(set(one, op('f32.add', [get(one), op('f32.mul', [factor, value])])));
          }
        });
    }, 'k'); // prettier-ignore
    return sums.map((row) => row.map(get));
  }
}

/** The sums over the lanes of four vectors as a vector, or of one as a number; plus what is left over. */
function total(scope: WasmScope, sums: readonly Code[], rest: readonly Code[]): Code {
  const [a, b, c, d] = sums;
  invariant(a, 'a sum');
  if (!b || !c || !d) {
    const all = call(scope.math.sum, [a]);
    return rest[0] ? op('f32.add', [all, rest[0]]) : all;
  }
  const plus = (x: Code, y: Code): Code => op('f32x4.add', [x, y]);
  const [w = a, x = a, y = a, z = a] = transpose([a, b, c, d], (code) => scope.let(code));
  const all = plus(plus(w, x), plus(y, z));
  return rest.length > 0 ? plus(all, lanesOf(rest)) : all;
}
