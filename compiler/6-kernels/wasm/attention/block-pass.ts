// Takes: an attention pass and how it is cut into blocks. Gives: code of one of its workgroups: a block of rows against all columns.
// Promises: no score leaves scratch memory (FlashAttention-2, arXiv 2307.08691); columns that no row of a strip sees are not
// visited; every sum in the order of the columns.
import { variable } from '../../../3-graph/expr-build.ts';
import type { Program } from '../../../5-optimize/groups.ts';
import type { WasmTarget } from '../../../7-plan/plan.ts';
import { columnRange, rowSpan } from '../../analysis/attention-rows.ts';
import { pointCount } from '../../analysis/touched.ts';
import { UNSEEN } from '../../analysis/attention-sides.ts';
import type { Sides, Sum } from '../../analysis/attention-sides.ts';
import { add, call, effect, f32, f32x4, i32, invoke, mul, op, select, sub } from '../code/code.ts';
import type { Code, WasmFunction } from '../code/code.ts';
import { PANEL, PANEL_BYTES, tileProduct } from '../contract/tile-product.ts';
import { four, greatest, least, one } from '../scope/value.ts';
import type { WasmScope } from '../scope/wasm-scope.ts';
import type { Area, Areas, Blocks } from './blocks.ts';
import { liesAlongAxis, packPanels, packRow, packSteps } from './pack-operands.ts';
import type { Operand, Places } from './pack-operands.ts';
import { bindColumnPosition, bindRow } from './places.ts';
import type { PairExprs, Staged } from './places.ts';
import { PairWeights } from './weigh-pairs.ts';
import type { Lines, PairMemory, Strip } from './weigh-pairs.ts';

export interface BlockPassParts {
  readonly program: Program;
  readonly target: WasmTarget;
  readonly sides: Sides;
  readonly weights: PairExprs;
  readonly staged: readonly Staged[];
  readonly blocks: Blocks;
  readonly areas: Areas;
}

type Memory = { readonly [K in 'rows' | 'products' | 'pairs' | 'panels' | 'sums' | 'staged']: readonly Lines[] } & {
  readonly top: Lines;
  readonly total: Lines;
};

export class BlockPass {
  private readonly parts: BlockPassParts;
  private readonly sides: Sides;
  private readonly blocks: Blocks;
  private readonly product: WasmFunction;
  private readonly memory: Memory;

  constructor(root: WasmScope, scratch: Code, parts: BlockPassParts) {
    this.parts = parts;
    this.sides = parts.sides;
    this.blocks = parts.blocks;
    this.product = tileProduct(parts.target.features.includes('relaxed-simd'));
    const { areas } = parts;
    const lines = ({ at, stride }: Area): Lines => ({ at: root.let(add(scratch, i32(at)), 'area'), stride });
    const all = (of: readonly Area[]): readonly Lines[] => of.map(lines);
    this.memory = {
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

  write(scope: WasmScope, workgroup: Code): void {
    const { sides, blocks } = this;
    const size = pointCount(sides.rows);
    const tiles = Math.ceil(size / blocks.rows);
    const tile = scope.simple(tiles === 1 ? i32(0) : op('i32.rem_u', [workgroup, i32(tiles)]), 'tile');
    scope.bindAxes(sides.group.batch, scope.simple(tiles === 1 ? workgroup : op('i32.div_u', [workgroup, i32(tiles)]), 'batch')); // prettier-ignore
    const top = scope.simple(mul(tile, i32(blocks.rows)), 'top');
    const rows = size % blocks.rows === 0 ? i32(blocks.rows) : scope.let(lesser(scope, sub(i32(size), top), i32(blocks.rows)), 'rows'); // prettier-ignore
    this.writeStart(scope, top, rows);
    scope.bind('rows#block', one('i32', top), size);
    const range = columnRange(sides, rowSpan(sides, variable('rows#block', 'i32'), blocks.rows));
    scope.share([range.from, range.to]);
    const [from, to] = [scope.scalar(range.from), scope.scalar(range.to)];
    if (pointCount(sides.outer) === 1) {
      scope.bindAxes(sides.outer, i32(0));
      this.overBlocks(scope, { from, to, top, rows });
    } else
      scope.loop(i32(0), i32(pointCount(sides.outer)), 1, (inner, head) => {
        inner.bindAxes(sides.outer, head);
        this.overBlocks(inner, { from, to, top, rows });
      }, 'head'); // prettier-ignore
    this.writeResults(scope, top, rows);
  }

  /** Rows of the products side by side; sums at zero. */
  private writeStart(scope: WasmScope, top: Code, rows: Code): void {
    const { sides, memory } = this;
    scope.loop(i32(0), rows, 1, (row, r) => {
      bindRow(row, sides, row.let(add(top, r), 'row'));
      sides.products.forEach((product, i) => {
        const to = memory.rows[i];
        if (to) packRow(row, { value: product.row, axis: product.axis }, row.let(lineAt(to, r), 'to'));
      });
    }, 'r'); // prettier-ignore
    for (const sums of memory.sums)
      scope.loop(sums.at, add(sums.at, mul(rows, i32(sums.stride))), 16, (each, at) =>
        each.push(effect('v128.store', [at, f32x4(0)])),
      );
    if (this.parts.weights.kind !== 'softmax') return;
    scope.loop(i32(0), mul(rows, i32(4)), 4, (each, at) => {
      each.push(effect('f32.store', [add(memory.top.at, at), f32(UNSEEN)]));
      each.push(effect('f32.store', [add(memory.total.at, at), f32(0)]));
    });
  }

  private overBlocks(
    scope: WasmScope,
    range: { readonly from: Code; readonly to: Code; readonly top: Code; readonly rows: Code },
  ): void {
    // prettier-ignore
    const { sides, blocks } = this;
    const { size } = sides.column;
    const single = size <= blocks.columns;
    const start = down(scope, range.from, PANEL);
    const stop = scope.simple(lesser(scope, up(scope, range.to, PANEL), i32(size)), 'stop');
    const write = (inner: WasmScope, first: Code, end: Code): void => {
      this.pack(inner, { first, end });
      this.overStrips(inner, { first, end }, range);
    };
    if (single) scope.when(op('i32.lt_s', [start, stop]), (inner) => write(inner, start, stop));
    else
      scope.loop(down(scope, range.from, blocks.columns), stop, blocks.columns, (inner, block) => {
        const first = inner.simple(greater(inner, block, start), 'first');
        write(inner, first, inner.let(lesser(inner, add(block, i32(blocks.columns)), stop), 'end'));
      }, 'block'); // prettier-ignore
  }

  /** Columns first .. end - 1 of all operands. */
  private pack(scope: WasmScope, places: Places): void {
    const { sides, memory, parts } = this;
    const { group } = sides;
    const axes = [...group.batch, ...group.heads, group.query, group.key, group.depth, group.valueDepth];
    sides.products.forEach(({ column, axis }, i) => {
      const operand: Operand = { value: column, axis, places: sides.column };
      const to = memory.products[i];
      if (to) packPanels(scope, operand, places, to.at, liesAlongAxis(parts.program, parts.target, axes, operand));
    });
    sides.sums.forEach(({ column, axis }, i) => {
      const to = memory.panels[i];
      if (to) packSteps(scope, { value: column, axis, places: sides.column }, places, to.at, to.stride);
    });
    if (parts.staged.length === 0) return;
    scope.share(parts.staged.map(({ value }) => value));
    scope.walkRange([sides.column], places.first, places.end, (inner, lanes, c) => {
      bindColumnPosition(inner, sides);
      const bytes = mul(inner.let(sub(c, places.first), 'at'), i32(4));
      parts.staged.forEach(({ value }, i) => {
        const address = add(memory.staged[i]?.at ?? i32(0), bytes);
        if (lanes === 4) inner.push(effect('v128.store', [address, inner.wide(value)]));
        else inner.push(effect('v128.store32_lane', [address, inner.wide(value)], { lane: 0 }));
      });
    }); // prettier-ignore
  }

  private overStrips(
    scope: WasmScope,
    block: Places,
    { top, rows }: { readonly top: Code; readonly rows: Code },
  ): void {
    // prettier-ignore
    const { sides, blocks } = this;
    scope.loop(i32(0), rows, blocks.strip, (inner, within) => {
      const first = inner.simple(add(top, within), 'first');
      inner.bind('rows#strip', one('i32', first), pointCount(sides.rows));
      const range = columnRange(sides, rowSpan(sides, variable('rows#strip', 'i32'), blocks.strip));
      inner.share([range.from, range.to]);
      const from = inner.simple(greater(inner, down(inner, inner.scalar(range.from), PANEL), block.first), 'from');
      const to = inner.simple(lesser(inner, inner.scalar(range.to), block.end), 'to');
      inner.when(op('i32.lt_s', [from, to]), (some) => {
        const here = some.simple(lesser(some, sub(rows, within), i32(blocks.strip)), 'rows');
        this.writeStrip(some, { top: first, within, rows: here, first: from, end: to }, block);
      });
    }, 'strip'); // prettier-ignore
  }

  private writeStrip(scope: WasmScope, strip: Strip, block: Places): void {
    const { sides, memory, parts, product } = this;
    const { first, end, rows, within } = strip;
    const skipped = scope.let(sub(first, block.first), 'skipped');
    const columns = scope.let(sub(end, first), 'columns');
    const panels = scope.let(op('i32.shr_u', [add(columns, i32(PANEL - 1)), i32(Math.log2(PANEL))]), 'panels');
    sides.products.forEach(({ axis }, i) => {
      const [a, b, c] = [memory.rows[i], memory.products[i], memory.pairs[i]];
      if (!a || !b || !c) return;
      const at = add(b.at, mul(skipped, i32(b.stride / PANEL)));
      scope.push(invoke(product, [lineAt(a, within), i32(a.stride), at, c.at, i32(c.stride), rows, panels, i32(axis.size), i32(0)])); // prettier-ignore
    });
    const pairs: PairMemory = { ...memory, stagedFrom: block.first };
    new PairWeights(sides, parts.weights, parts.staged, pairs).write(scope, strip);
    sides.sums.forEach(({ weight, axis }, i) => {
      const [a, b, c] = [memory.pairs[weight === 'slope' ? 1 : 0], memory.panels[i], memory.sums[i]];
      if (!a || !b || !c) return;
      const start = scope.let(add(b.at, mul(skipped, i32(PANEL_BYTES))), 'steps');
      const to = scope.let(lineAt(c, within), 'sums');
      const panel = (each: WasmScope, j: Code): void =>
        each.push(invoke(product, [a.at, i32(a.stride), add(start, mul(j, i32(b.stride))), add(to, mul(j, i32(PANEL_BYTES))), i32(c.stride), rows, i32(1), columns, i32(1)])); // prettier-ignore
      if (axis.size <= PANEL) panel(scope, i32(0));
      else scope.loop(i32(0), i32(Math.ceil(axis.size / PANEL)), 1, panel, 'panel');
    });
  }

  private writeResults(scope: WasmScope, top: Code, rows: Code): void {
    const { sides, memory } = this;
    scope.loop(i32(0), rows, 1, (row, r) => {
      row.bindAxes(sides.rows, row.let(add(top, r), 'row'));
      const share = this.parts.weights.kind === 'softmax' ? this.writeTotals(row, r) : null;
      sides.sums.forEach((sum, i) => {
        const from = memory.sums[i];
        if (from) this.writeSum(row, sum, row.let(lineAt(from, r), 'from'), share);
      });
    }, 'r'); // prettier-ignore
  }

  /** Stores lse; gives 1 / the row's total, or 0 where nothing was seen. */
  private writeTotals(row: WasmScope, r: Code): Code {
    const { sides, memory } = this;
    const total = row.let(op('f32.load', [lineAt(memory.total, r)]), 'total');
    const top = row.let(op('f32.load', [lineAt(memory.top, r)]), 'top');
    const unseen = row.let(op('f32.eq', [total, f32(0)]), 'unseen');
    const { group } = sides;
    if (group.kind === 'attention' && group.lseStores.length > 0) {
      const log = op('f32x4.extract_lane', [call(row.math.log, [op('f32x4.splat', [total])])], { lane: 0 });
      row.bind('lse', one('f32', row.let(select(unseen, f32(UNSEEN), op('f32.add', [top, log])), 'lse')));
      row.stores(group.lseStores);
    }
    return row.let(select(unseen, f32(0), op('f32.div', [f32(1), total])), 'share');
  }

  private writeSum(row: WasmScope, { result, axis, stores }: Sum, from: Code, share: Code | null): void {
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
    }); // prettier-ignore
  }
}

const lineAt = ({ at, stride }: Lines, index: Code): Code => add(at, mul(index, i32(stride)));

/** Of i32 codes; folded where both are known. */
function lesser(scope: WasmScope, x: Code, y: Code): Code {
  if (x.kind === 'const' && y.kind === 'const') return i32(Math.min(x.value, y.value));
  return least(scope.simple(x), scope.simple(y));
}

function greater(scope: WasmScope, x: Code, y: Code): Code {
  if (x.kind === 'const' && y.kind === 'const') return i32(Math.max(x.value, y.value));
  return greatest(scope.simple(x), scope.simple(y));
}

/** To a multiple of a power of two; x >= 0, or of no account. */
function down(scope: WasmScope, x: Code, step: number): Code {
  return x.kind === 'const' ? i32(x.value & -step) : scope.let(op('i32.and', [x, i32(-step)]), 'down');
}

const up = (scope: WasmScope, x: Code, step: number): Code => down(scope, add(x, i32(step - 1)), step);
