// Takes: many rows of an attention pass. Gives: its work on a block of columns: they are packed once for all the rows.
// Promises: rows are weighed strip by strip, each against the columns it may see; every sum in the order of the columns.
import { variable } from '../../../3-graph/expr-build.ts';
import { columnRange, rowSpan } from '../../analysis/attention-rows.ts';
import type { Sides, Weights } from '../../analysis/attention-sides.ts';
import { pointCount } from '../../analysis/touched.ts';
import { add, i32, invoke, mul, op, sub } from '../code/code.ts';
import type { Code, WasmFunction } from '../code/code.ts';
import type { OperandAnalysis } from '../contract/operand.ts';
import { packPanels } from '../contract/pack.ts';
import { PANEL, PANEL_BYTES } from '../contract/tile-product.ts';
import { one } from '../scope/value.ts';
import type { WasmScope } from '../scope/wasm-scope.ts';
import type { ColumnBlock, ColumnWork, RowBlock } from './attention-pass.ts';
import type { Blocks } from './blocks.ts';
import { greater, lesser, lineAt, roundDown } from './lines.ts';
import type { Memory } from './lines.ts';
import type { Staged } from './places.ts';
import { stageColumns } from './stage-columns.ts';
import { PairWeights } from './weigh-pairs.ts';
import type { Strip } from './weigh-pairs.ts';

export interface PackedColumnsParts {
  readonly sides: Sides;
  readonly weights: Weights;
  readonly staged: readonly Staged[];
  readonly blocks: Blocks;
  readonly operands: OperandAnalysis;
  readonly memory: Memory;
  /** `tileProduct`. */
  readonly product: WasmFunction;
}

export class PackedColumns implements ColumnWork {
  private readonly parts: PackedColumnsParts;

  constructor(parts: PackedColumnsParts) {
    this.parts = parts;
  }

  write(scope: WasmScope, rows: RowBlock, columns: ColumnBlock): void {
    const { sides, blocks, staged, memory } = this.parts;
    this.pack(scope, columns);
    stageColumns(scope, sides, staged, memory.staged, columns);
    scope.loop(i32(0), rows.count, blocks.strip, (inner, within) => {
      const top = inner.simple(add(rows.first, within), 'first');
      inner.bind('rows#strip', one('i32', top), pointCount(sides.rows));
      const range = columnRange(sides, rowSpan(sides, variable('rows#strip', 'i32'), blocks.strip));
      inner.share([range.from, range.to]);
      const start = roundDown(inner, inner.scalar(range.from), PANEL);
      const first = inner.simple(greater(inner, start, columns.first), 'from');
      const end = inner.simple(lesser(inner, inner.scalar(range.to), columns.end), 'to');
      inner.when(op('i32.lt_s', [first, end]), (some) => {
        const count = some.simple(lesser(some, sub(rows.count, within), i32(blocks.strip)), 'rows');
        this.writeStrip(some, { top, within, rows: count, first, end }, columns);
      });
    }, 'strip'); // prettier-ignore
  }

  /** Columns of a product side by side in panels; for a sum, its axis in panels, a step per column. */
  private pack(scope: WasmScope, { first, end }: ColumnBlock): void {
    const { sides, memory, operands } = this.parts;
    sides.products.forEach(({ column, axis }, i) => {
      const operand = operands.operand(column, [axis], [sides.column], 'side');
      const to = memory.products[i];
      const block = { first, end, from: i32(0), to: i32(axis.size) };
      if (to) scope.block((inner) => packPanels(inner, operand, block, to.at));
    });
    sides.sums.forEach(({ column, axis }, i) => {
      const operand = operands.operand(column, [sides.column], [axis], 'side');
      const to = memory.panels[i];
      const block = { first: i32(0), end: i32(axis.size), from: first, to: end };
      if (to) scope.block((inner) => packPanels(inner, operand, block, to.at));
    });
  }

  private writeStrip(scope: WasmScope, strip: Strip, columns: ColumnBlock): void {
    const { sides, memory, product, weights, staged } = this.parts;
    const { first, end, rows, within } = strip;
    const skipped = scope.simple(sub(first, columns.first), 'skipped');
    const count = scope.simple(sub(end, first), 'columns');
    const panels = scope.simple(op('i32.shr_u', [add(count, i32(PANEL - 1)), i32(Math.log2(PANEL))]), 'panels');
    sides.products.forEach(({ axis }, i) => {
      const [a, b, c] = [memory.rows[i], memory.products[i], memory.pairs[i]];
      if (!a || !b || !c) return;
      const at = add(b.at, mul(skipped, i32(b.stride / PANEL)));
      scope.push(invoke(product, [lineAt(a, within), i32(a.stride), at, c.at, i32(c.stride), rows, panels, i32(axis.size), i32(0)])); // prettier-ignore
    });
    new PairWeights({ sides, weights, staged, memory, stagedFrom: columns.first }).write(scope, strip);
    const steps = scope.simple(mul(skipped, i32(PANEL_BYTES)), 'steps');
    const panelBytes = scope.simple(mul(sub(columns.end, columns.first), i32(PANEL_BYTES)), 'panelBytes');
    sides.sums.forEach(({ weight, axis }, i) => {
      const [a, b, c] = [memory.pairs[weight === 'slope' ? 1 : 0], memory.panels[i], memory.sums[i]];
      if (!a || !b || !c) return;
      const from = scope.simple(add(b.at, steps), 'from');
      const to = scope.simple(lineAt(c, within), 'sums');
      const panel = (each: WasmScope, j: Code): void => {
        const step = add(from, j.kind === 'const' ? mul(panelBytes, j) : op('i32.mul', [panelBytes, j]));
        const sums = add(to, mul(j, i32(PANEL_BYTES)));
        each.push(invoke(product, [a.at, i32(a.stride), step, sums, i32(c.stride), rows, i32(1), count, i32(1)]));
      };
      if (axis.size <= PANEL) panel(scope, i32(0));
      else scope.loop(i32(0), i32(Math.ceil(axis.size / PANEL)), 1, panel, 'panel');
    });
  }
}
