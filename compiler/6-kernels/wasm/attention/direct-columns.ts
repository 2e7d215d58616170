// Takes: a few rows of forward attention, as when one token is decoded. Gives: its work on a block of columns: they are read where they lie.
// Promises: every element of keys and values is read once for two rows; every sum in the order of the columns.
import { invariant } from '../../../diagnostics.ts';
import type { Sides, Weights } from '../../analysis/attention-sides.ts';
import { count } from '../../analysis/contract-loops.ts';
import { pointCount } from '../../analysis/touched.ts';
import { add, effect, f32x4, get, i32, mul, op, set, sub } from '../code/code.ts';
import type { Code } from '../code/code.ts';
import { DotProducts } from '../contract/dot-products.ts';
import type { Operand, OperandAnalysis } from '../contract/operand.ts';
import { byTwos } from '../contract/row-sums.ts';
import type { Lanes } from '../scope/value.ts';
import type { WasmScope } from '../scope/wasm-scope.ts';
import type { ColumnBlock, ColumnWork, RowBlock } from './attention-pass.ts';
import { lesser, lineAt } from './lines.ts';
import type { Lines, Memory } from './lines.ts';
import type { Staged } from './places.ts';
import { stageColumns } from './stage-columns.ts';
import { PairWeights } from './weigh-pairs.ts';

export interface DirectColumnsParts {
  readonly sides: Sides;
  readonly weights: Weights;
  readonly staged: readonly Staged[];
  readonly operands: OperandAnalysis;
  readonly memory: Memory;
}

/**
 * Columns whose values stay in the first cache while the rows take them, two by two: 12% less time for four rows over 2048 columns
 * of 64 (AMD Zen 5), where rows of a tensor of many heads share few sets of the cache.
 */
const PIECE = 16;

/** Vectors of sums that stay in registers. */
const VECTORS = 8;

export class DirectColumns implements ColumnWork {
  private readonly parts: DirectColumnsParts;

  constructor(parts: DirectColumnsParts) {
    this.parts = parts;
  }

  write(scope: WasmScope, rows: RowBlock, columns: ColumnBlock): void {
    const { sides, weights, staged, operands, memory } = this.parts;
    const size = pointCount(sides.rows);
    stageColumns(scope, sides, staged, memory.staged, columns);
    sides.products.forEach(({ column, axis }, i) => {
      const [a, to] = [memory.rows[i], memory.pairs[i]];
      invariant(a && to, 'every product has its areas');
      const b = operands.operand(column, [axis], [sides.column], 'k');
      scope.loop(to.at, add(to.at, i32(size * to.stride)), 16, (each, at) => each.push(effect('v128.store', [at, f32x4(0)]))); // prettier-ignore
      const sums = { ...columns, sums: to.at };
      const dots = { a: { address: a.at, bytes: a.stride }, b, sums: to.at, columns: sums, width: to.stride / 4, fma: scope.math.fma }; // prettier-ignore
      scope.block((inner) => new DotProducts(dots).write(inner, size));
    });
    const strip = { top: rows.first, within: i32(0), rows: rows.count, ...columns };
    new PairWeights({ sides, weights, staged, memory, stagedFrom: columns.first }).write(scope, strip);
    sides.sums.forEach(({ column, axis }, i) => {
      const [a, to] = [memory.pairs[i], memory.sums[i]];
      invariant(a && to, 'every sum has its areas');
      const b = operands.operand(column, [sides.column], [axis], 'side');
      const sum = { a, to, b, origin: columns.first };
      const piece = (inner: WasmScope, columns: ColumnBlock): void =>
        byTwos(inner, size, (each, row, together) => new WeightedSum({ ...sum, columns, row, together }).write(each));
      if (size <= 2) return piece(scope, columns);
      scope.loop(columns.first, columns.end, PIECE, (inner, first) => {
        const end = inner.simple(lesser(inner, add(first, i32(PIECE)), columns.end), 'end');
        piece(inner, { first, end });
      }, 'piece'); // prettier-ignore
    });
  }
}

interface WeightedSumParts {
  readonly a: Lines;
  readonly to: Lines;
  readonly b: Operand;
  readonly columns: ColumnBlock;
  /** The column of the first number of a row of `a`. */
  readonly origin: Code;
  /** The first row, and how many at once. */
  readonly row: Code;
  readonly together: number;
}

/** to[row][d] += the sum over columns of a[row][column] * b[column][d]. */
class WeightedSum {
  private readonly parts: WeightedSumParts;

  constructor(parts: WeightedSumParts) {
    this.parts = parts;
  }

  write(scope: WasmScope): void {
    const size = pointCount(this.parts.b.side);
    const vectors = VECTORS / this.parts.together;
    const rest = Math.floor(size / 4) % vectors;
    const whole = 4 * (Math.floor(size / 4) - rest);
    if (whole > 0) scope.loop(i32(0), i32(whole), 4 * vectors, (inner, d) => this.overColumns(inner, d, vectors, 4), 'd'); // prettier-ignore
    if (rest > 0) scope.block((inner) => this.overColumns(inner, i32(whole), rest, 4));
    if (size % 4 > 0) scope.block((inner) => this.overColumns(inner, i32(size & -4), size % 4, 1));
  }

  /** Elements from d on: `number` times `lanes` of each row. */
  private overColumns(scope: WasmScope, d: Code, number: number, lanes: Lanes): void {
    const { a, to, b, columns, origin, row, together } = this.parts;
    const { fma } = scope.math;
    const at = scope.let(add(lineAt(to, row), mul(d, i32(4))), 'to');
    const cell = (i: number, j: number) => ({ offset: i * to.stride + 4 * lanes * j });
    const sums = count(together).map((i) =>
      count(number).map((j) => {
        const sum = scope.local('sum', 'f32', 4);
        scope.push(set(sum, op(lanes === 4 ? 'v128.load' : 'v128.load32_zero', [at], cell(i, j))));
        return sum;
      }),
    );
    const from = scope.let(sub(lineAt(a, row), mul(origin, i32(4))), 'from');
    scope.loop(columns.first, columns.end, 1, (inner, c) => {
      inner.bindAxes(b.k, c);
      const line = inner.let(add(from, mul(c, i32(4))), 'a');
      const weights = count(together).map((i) => inner.let(op('v128.load32_splat', [line], { offset: i * a.stride }), 'w')); // prettier-ignore
      for (const j of count(number))
        inner.block((each) => {
          each.bindAxes(b.side, d, lanes, lanes * j);
          const value = each.let(each.wide(b.expr), 'y');
          weights.forEach((weight, i) => {
            const sum = sums[i]?.[j];
            if (sum) each.push(set(sum, fma(weight, value, get(sum))));
          });
        });
    }, 'c'); // prettier-ignore
    sums.forEach((ofRow, i) =>
      ofRow.forEach((sum, j) =>
        scope.push(
          lanes === 4
            ? effect('v128.store', [at, get(sum)], cell(i, j))
            : effect('v128.store32_lane', [at, get(sum)], { ...cell(i, j), lane: 0 }),
        ),
      ),
    );
  }
}
