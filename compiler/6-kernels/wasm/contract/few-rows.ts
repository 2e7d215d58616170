// Takes: a contract group of a few rows, as when one token is decoded. Gives: its kernel.
// Promises: the matrix is read once, where it lies; the order of every sum is fixed.
import { invariant } from '../../../diagnostics.ts';
import type { ContractGroup, Program } from '../../../5-optimize/groups.ts';
import type { WasmTarget } from '../../../7-plan/plan.ts';
import { pointCount, storeExprs } from '../../analysis/touched.ts';
import { add, effect, f32x4, get, i32, mul, op, set } from '../code/code.ts';
import type { Code, Local, Statement } from '../code/code.ts';
import { least } from '../scope/value.ts';
import { WasmScope } from '../scope/wasm-scope.ts';
import type { Frame } from '../wasm-part.ts';
import { storesAlong, writeStores } from './epilogue.ts';
import { DotProducts } from './dot-products.ts';
import { directRows, isPacked } from './operand.ts';
import type { Operand, Rows } from './operand.ts';
import { packRows } from './pack.ts';
import type { IndexedProduct, ProductLoop } from './product-loops.ts';
import { RowSums } from './row-sums.ts';
import type { Columns } from './row-sums.ts';

/** Columns of a workgroup, at most: rows of the matrix are read 2 KiB at a time. */
const MAX_WIDTH = 512;
/** Elements read that take as long as to wake another thread: a few microseconds. */
const LITTLE = 2 ** 16;

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
    const work =
      sum(loops.map(({ depth, products }) => depth * products.length)) * batch * n * Math.ceil(this.rows / 2);
    const pieces = work <= LITTLE ? 1 : Math.ceil((4 * target.threads) / batch);
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
      const along = storesAlong(this.program, this.target, group);
      writeStores(scope, group, { m: { first: i32(0), end: i32(this.rows) }, n: columns, sums, rowBytes: 4 * width, along });
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
    scope.loop(i32(0), i32(this.sumsBytes), 16, (inner, at) =>
      inner.push(effect('v128.store', [add(frame.scratch, at), f32x4(0)])), 'zero'); // prettier-ignore
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
