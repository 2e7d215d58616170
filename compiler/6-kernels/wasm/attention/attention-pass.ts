// Takes: an attention pass and how it is cut into blocks. Gives: code of one of its workgroups: some rows against all columns.
// Promises: no score leaves scratch memory (FlashAttention-2, arXiv 2307.08691); columns that none of the rows sees are not visited.
import { variable } from '../../../3-graph/expr-build.ts';
import type { Axis } from '../../../5-optimize/groups.ts';
import { columnRange, rowSpan } from '../../analysis/attention-rows.ts';
import { pointCount } from '../../analysis/touched.ts';
import { UNSEEN } from '../../analysis/attention-sides.ts';
import type { Sides, Sum, Weights } from '../../analysis/attention-sides.ts';
import { add, call, effect, f32, f32x4, i32, mul, op, select, sub } from '../code/code.ts';
import type { Code } from '../code/code.ts';
import type { Operand, OperandAnalysis } from '../contract/operand.ts';
import { packRows } from '../contract/pack.ts';
import { PANEL } from '../contract/tile-product.ts';
import { four, one } from '../scope/value.ts';
import type { WasmScope } from '../scope/wasm-scope.ts';
import type { Blocks } from './blocks.ts';
import { greater, lesser, lineAt, roundDown } from './lines.ts';
import type { Lines, Memory } from './lines.ts';

/** Rows first .. first + count - 1 of the pass: a workgroup's. */
export interface RowBlock {
  readonly first: Code;
  readonly count: Code;
}

/** Columns first .. end - 1; first is a multiple of 16, end of 4 or the number of columns. */
export interface ColumnBlock {
  readonly first: Code;
  readonly end: Code;
}

/** Adds what a block of columns gives to the sums of a block of rows. */
export interface ColumnWork {
  write(scope: WasmScope, rows: RowBlock, columns: ColumnBlock): void;
}

export interface AttentionPassParts {
  readonly sides: Sides;
  readonly weights: Weights;
  readonly blocks: Blocks;
  readonly operands: OperandAnalysis;
  readonly memory: Memory;
  readonly work: ColumnWork;
}

export class AttentionPass {
  private readonly parts: AttentionPassParts;
  private readonly sides: Sides;
  private readonly blocks: Blocks;
  private readonly memory: Memory;

  constructor(parts: AttentionPassParts) {
    this.parts = parts;
    [this.sides, this.blocks, this.memory] = [parts.sides, parts.blocks, parts.memory];
  }

  write(scope: WasmScope, workgroup: Code): void {
    const { sides, blocks } = this;
    const size = pointCount(sides.rows);
    const tiles = Math.ceil(size / blocks.rows);
    const part = (name: 'div_u' | 'rem_u'): Code => scope.let(op(`i32.${name}`, [workgroup, i32(tiles)]), 'part');
    scope.bindAxes(sides.group.batch, tiles === 1 ? workgroup : part('div_u'));
    const first = tiles === 1 ? i32(0) : scope.let(mul(part('rem_u'), i32(blocks.rows)), 'top');
    const count = size % blocks.rows === 0 ? i32(blocks.rows) : scope.simple(lesser(scope, sub(i32(size), first), i32(blocks.rows)), 'rows'); // prettier-ignore
    const rows = { first, count };
    this.writeStart(scope, rows);
    scope.bind('rows#block', one('i32', first), size);
    const range = columnRange(sides, rowSpan(sides, variable('rows#block', 'i32'), blocks.rows));
    scope.share([range.from, range.to]);
    const columns = { first: scope.scalar(range.from), end: scope.scalar(range.to) };
    const heads = pointCount(sides.outer);
    if (heads === 1) {
      scope.bindAxes(sides.outer, i32(0));
      this.overBlocks(scope, rows, columns);
    } else
      scope.loop(i32(0), i32(heads), 1, (inner, head) => {
        inner.bindAxes(sides.outer, head);
        this.overBlocks(inner, rows, columns);
      }, 'head'); // prettier-ignore
    this.writeResults(scope, rows);
  }

  /** Rows of the products side by side; sums at zero. */
  private writeStart(scope: WasmScope, { first, count }: RowBlock): void {
    const { sides, memory, parts } = this;
    const end = scope.simple(add(first, count), 'end');
    sides.products.forEach(({ row, axis }, i) => {
      const to = memory.rows[i];
      const operand: Operand = parts.operands.operand(row, [axis], sides.rows, 'k');
      const block = { first, end, from: i32(0), to: i32(axis.size) };
      if (to) scope.block((inner) => packRows(inner, operand, block, to.stride, to.at));
    });
    for (const sums of memory.sums)
      scope.loop(sums.at, add(sums.at, mul(count, i32(sums.stride))), 16, (each, at) =>
        each.push(effect('v128.store', [at, f32x4(0)])),
      );
    if (parts.weights.kind !== 'softmax') return;
    scope.loop(i32(0), mul(count, i32(4)), 4, (each, at) => {
      each.push(effect('f32.store', [add(memory.top.at, at), f32(UNSEEN)]));
      each.push(effect('f32.store', [add(memory.total.at, at), f32(0)]));
    });
  }

  /** Blocks begin at multiples of their size, so that a row's sums are cut the same way in any block of rows. */
  private overBlocks(scope: WasmScope, rows: RowBlock, range: ColumnBlock): void {
    const { sides, blocks, parts } = this;
    const { size } = sides.column;
    const start = roundDown(scope, range.first, PANEL);
    const together = blocks.kind === 'packed' ? PANEL : 4;
    const whole = roundDown(scope, add(range.end, i32(together - 1)), together);
    const stop = scope.simple(lesser(scope, whole, i32(size)), 'stop');
    if (size <= blocks.columns) {
      scope.when(op('i32.lt_s', [start, stop]), (inner) => parts.work.write(inner, rows, { first: start, end: stop }));
      return;
    }
    scope.loop(roundDown(scope, start, blocks.columns), stop, blocks.columns, (inner, block) => {
      const first = inner.simple(greater(inner, block, start), 'first');
      const end = inner.simple(lesser(inner, add(block, i32(blocks.columns)), stop), 'end');
      parts.work.write(inner, rows, { first, end });
    }, 'block'); // prettier-ignore
  }

  private writeResults(scope: WasmScope, { first, count }: RowBlock): void {
    const { sides, memory } = this;
    scope.loop(i32(0), count, 1, (row, r) => {
      row.bindAxes(sides.rows, row.simple(add(first, r), 'row'));
      const share = this.parts.weights.kind === 'softmax' ? this.writeTotals(row, r) : null;
      sides.sums.forEach((sum, i) => {
        const from = memory.sums[i];
        if (from) writeSum(row, sum, row.let(lineAt(from, r), 'from'), share);
      });
    }, 'r'); // prettier-ignore
  }

  /** Stores lse; gives 1 / the row's total, or 0 where nothing was seen. */
  private writeTotals(row: WasmScope, r: Code): Code {
    const { memory } = this;
    const { group } = this.sides;
    const of = (lines: Lines, name: string): Code => row.let(op('f32.load', [lineAt(lines, r)]), name);
    const [total, top] = [of(memory.total, 'total'), of(memory.top, 'top')];
    const unseen = row.let(op('f32.eq', [total, f32(0)]), 'unseen');
    if (group.kind === 'attention' && group.lseStores.length > 0) {
      const log = op('f32x4.extract_lane', [call(row.math.log, [op('f32x4.splat', [total])])], { lane: 0 });
      row.bind('lse', one('f32', row.let(select(unseen, f32(UNSEEN), op('f32.add', [top, log])), 'lse')));
      row.stores(group.lseStores);
    }
    return row.let(select(unseen, f32(0), op('f32.div', [f32(1), total])), 'share');
  }
}

/** Stores a row's sum, every element times `share`. */
function writeSum(
  row: WasmScope,
  { result, axis, stores }: { readonly result: string; readonly axis: Axis; readonly stores: Sum['stores'] },
  from: Code,
  share: Code | null,
): void {
  // prettier-ignore
  row.walk([axis], (inner, lanes, d) => {
    const at = add(from, mul(d, i32(4)));
    if (lanes === 4) {
      const x = op('v128.load', [at]);
      inner.bind(result, four('f32', inner.let(share ? op('f32x4.mul', [x, op('f32x4.splat', [share])]) : x, result)));
    } else {
      const x = op('f32.load', [at]);
      inner.bind(result, one('f32', inner.let(share ? op('f32.mul', [x, share]) : x, result)));
    }
    inner.stores(stores);
  });
}
