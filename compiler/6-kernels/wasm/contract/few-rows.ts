// Takes: a contract group of a few rows, as when one token is decoded. Gives: its kernel.
// Promises: the matrix is read once, where it lies; the order of every sum is fixed.
import { invariant } from '../../../diagnostics.ts';
import type { ContractGroup, Program } from '../../../5-optimize/groups.ts';
import type { WasmTarget } from '../../../7-plan/plan.ts';
import { pointCount, storeExprs } from '../../analysis/touched.ts';
import { add, call, effect, f32, f32x4, get, i32, mul, op, set, sub } from '../code/code.ts';
import type { Code, Local, Statement } from '../code/code.ts';
import { lanesOf, least } from '../scope/value.ts';
import { WasmScope } from '../scope/wasm-scope.ts';
import type { Frame } from '../wasm-part.ts';
import { writeStores } from './epilogue.ts';
import { directRows } from './direct-rows.ts';
import type { Rows } from './direct-rows.ts';
import { isPacked } from './operand.ts';
import type { Operand } from './operand.ts';
import { packRows } from './pack.ts';
import type { IndexedProduct, ProductLoop } from './product-loops.ts';
import { transpose } from './transpose.ts';

/** A workgroup's columns of the matrix, and its sums: row r at sums + r * 4 * width, one accumulator after the other. */
interface Columns {
  readonly first: Code;
  readonly end: Code;
  readonly sums: Code;
}

/** Columns of a workgroup, at most: rows of the matrix are read 2 KiB at a time. */
const MAX_WIDTH = 512;

const count = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

export class FewRows {
  readonly workgroups: number;
  readonly scratchBytes: number;
  private readonly program: Program;
  private readonly group: ContractGroup;
  private readonly target: WasmTarget;
  private readonly loops: readonly ProductLoop[];
  private readonly rows: number;
  private readonly width: number;

  constructor(program: Program, group: ContractGroup, target: WasmTarget, loops: readonly ProductLoop[]) {
    [this.program, this.group, this.target, this.loops] = [program, group, target, loops];
    const [batch, n] = [pointCount(group.batch), pointCount(group.n)];
    this.rows = pointCount(group.m);
    const pieces = Math.ceil((4 * target.threads) / batch);
    this.width = Math.min(MAX_WIDTH, 16 * Math.ceil(n / pieces / 16));
    this.workgroups = batch * Math.ceil(n / this.width);
    const packed = loops.map((loop) => loop.a.filter(isPacked).length * this.rows * rowBytes(loop));
    this.scratchBytes = this.sumsBytes + sum(packed);
  }

  build(frame: Frame): readonly Statement[] {
    const { group, width, loops } = this;
    const root = WasmScope.root(this.program, frame, this.target);
    root.share([...storeExprs(group.stores), ...loops.flatMap(({ a, b }) => [...a, ...b].map(({ expr }) => expr))]);
    const held = root.local('held', 'i32', 1);
    root.push(set(held, i32(-1)));
    const n = pointCount(group.n);
    const across = Math.ceil(n / width);
    root.loop(frame.begin, frame.end, 1, (scope, wg) => {
      const batch = scope.let(op('i32.div_u', [wg, i32(across)]), 'batch');
      scope.bindAxes(group.batch, batch);
      const first = scope.let(mul(op('i32.rem_u', [wg, i32(across)]), i32(width)), 'first');
      const end = scope.let(least(scope.let(add(first, i32(width))), i32(n)), 'end');
      const rows = this.writeRows(scope, frame, batch, held);
      const columns = { first, end, sums: frame.scratch };
      this.clear(scope, frame);
      for (const [i, loop] of loops.entries())
        for (const product of loop.products) this.writeProduct(scope, loop, product, rows[i] ?? [], columns);
      const sums = group.accumulators.map((_, i) => this.sumsOf(columns, i));
      writeStores(scope, group, { m: { first: i32(0), end: i32(this.rows) }, n: columns, sums, rowBytes: 4 * width });
    }, 'wg'); // prettier-ignore
    return root.statements;
  }

  private get sumsBytes(): number {
    return 4 * this.group.accumulators.length * this.rows * this.width;
  }

  private sumsOf({ sums }: Columns, accumulator: number): Code {
    return add(sums, i32(4 * accumulator * this.rows * this.width));
  }

  private clear(scope: WasmScope, frame: Frame): void {
    const end = scope.let(add(frame.scratch, i32(this.sumsBytes)), 'end');
    scope.loop(frame.scratch, end, 16, (inner, at) => inner.push(effect('v128.store', [at, f32x4(0)])), 'zero');
  }

  /** Of every loop the rows of its operands; what is packed is packed once for workgroups of one batch. */
  private writeRows(scope: WasmScope, frame: Frame, batch: Code, held: Local): readonly (readonly Rows[])[] {
    let start = this.sumsBytes;
    const toPack: { readonly operand: Operand; readonly rows: Rows }[] = [];
    const found = this.loops.map((loop) =>
      loop.a.map((operand) => {
        const direct = directRows(scope, operand, i32(0), i32(0));
        if (direct) return direct;
        const rows = { address: scope.let(add(frame.scratch, i32(start)), 'rows'), bytes: rowBytes(loop) };
        start += this.rows * rows.bytes;
        toPack.push({ operand, rows });
        return rows;
      }),
    );
    if (toPack.length > 0)
      scope.when(op('i32.ne', [batch, get(held)]), (inner) => {
        for (const { operand, rows } of toPack) {
          const block = { first: i32(0), end: i32(this.rows), from: i32(0), to: i32(pointCount(operand.k)) };
          inner.block((each) => packRows(each, operand, block, rows.bytes, rows.address));
        }
        inner.push(set(held, batch));
      });
    return found;
  }

  private writeProduct(
    scope: WasmScope,
    loop: ProductLoop,
    product: IndexedProduct,
    rows: readonly Rows[],
    columns: Columns,
  ): void {
    const [a, b] = [rows[product.a], loop.b[product.b]];
    invariant(a && b, 'operands are numbered');
    const sums = scope.let(this.sumsOf(columns, product.accumulator), 'sums');
    const parts = { a, b, sums, columns, width: this.width, fma: scope.math.fma };
    const writer = b.along === 'k' ? new DotProducts(parts) : new RowSums(parts);
    writer.write(scope, this.rows);
  }
}

const rowBytes = (loop: ProductLoop): number => 16 * Math.ceil(loop.depth / 4);

interface Parts {
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
  scope.loop(i32(0), i32(rows & -2), 2, (inner, row) => write(inner, row, 2), 'row');
  if (rows % 2 > 0) scope.block((inner) => write(inner, i32(rows - 1), 1));
}

/**
 * The matrix is contiguous along its columns: sums of all columns, several steps of k at a time. Of one row eight, which reads
 * 24 GB/s from memory where four read 18; more rows need the registers.
 */
class RowSums {
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
      inner.walkRange(b.side, columns.first, columns.end, (each, lanes, column) => {
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

/** The matrix is contiguous along k: four columns at a time, four partial sums of each. */
export class DotProducts {
  private readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  write(scope: WasmScope, rows: number): void {
    const { columns, b } = this.parts;
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

  /** One row and one column, 16 steps of k at a time: memory is read in order, 35 GB/s where four columns at once read 18. */
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
