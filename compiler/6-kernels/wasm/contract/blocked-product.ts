// Takes: a contract group of many rows and columns. Gives: its kernel: tiles of packed panels.
// Promises: a tile is one workgroup; the order of every sum is that of k; columns are packed once for tiles one after the other.
import { invariant } from '../../../diagnostics.ts';
import type { ContractGroup, Program } from '../../../5-optimize/groups.ts';
import type { WasmTarget } from '../../../7-plan/plan.ts';
import { pointCount, storeExprs } from '../../analysis/touched.ts';
import { add, get, i32, invoke, mul, op, set, sub } from '../code/code.ts';
import type { Code, Statement } from '../code/code.ts';
import { least } from '../scope/value.ts';
import { WasmScope } from '../scope/wasm-scope.ts';
import type { Frame } from '../wasm-part.ts';
import { storesAlong, writeStores } from './epilogue.ts';
import { directRows, isPacked } from './operand.ts';
import type { Operand, Rows } from './operand.ts';
import { packPanels, packRows } from './pack.ts';
import type { ProductLoop } from './product-loops.ts';
import { PANEL, tileProduct } from './tile-product.ts';
import { tilingFor } from './tiling.ts';
import type { Tiling } from './tiling.ts';

/** Points of an axis or of several: from `first` to before `end`, simple i32. */
interface Range {
  readonly first: Code;
  readonly end: Code;
}

interface Tile {
  readonly m: Range;
  readonly n: Range;
}

export class BlockedProduct {
  readonly workgroups: number;
  readonly scratchBytes: number;
  private readonly program: Program;
  private readonly group: ContractGroup;
  private readonly target: WasmTarget;
  private readonly loops: readonly ProductLoop[];
  private readonly tiling: Tiling;
  private readonly down: number;
  private readonly across: number;
  /** Where the sums end and packed columns, then packed rows begin, in scratch memory. */
  private readonly columnsStart: number;
  private readonly rowsStart: number;

  constructor(
    program: Program,
    group: ContractGroup,
    target: WasmTarget,
    loops: readonly ProductLoop[],
    tiling?: Tiling,
  ) {
    [this.program, this.group, this.target, this.loops] = [program, group, target, loops];
    this.tiling = tiling ?? chosenTiling(group, loops, target.threads);
    const { rows, columns } = this.tiling;
    this.down = Math.ceil(pointCount(group.m) / rows);
    this.across = Math.ceil(pointCount(group.n) / columns);
    this.workgroups = pointCount(group.batch) * this.down * this.across;
    this.columnsStart = group.accumulators.length * this.sumsBytes;
    const columnBytes = loops.map((loop) => loop.b.length * this.columnBytes(loop));
    this.rowsStart = this.columnsStart + (this.tiling.kept ? sum(columnBytes) : Math.max(...columnBytes));
    const rowBytes = loops.map((loop) => loop.a.filter(isPacked).length * rows * this.rowBytes(loop));
    this.scratchBytes = this.rowsStart + Math.max(...rowBytes);
  }

  build(frame: Frame): readonly Statement[] {
    const root = WasmScope.root(this.program, frame, this.target);
    root.share([...storeExprs(this.group.stores), ...this.loops.flatMap(({ a, b }) => [...a, ...b].map(({ expr }) => expr))]); // prettier-ignore
    const held = root.local('held', 'i32', 1);
    root.push(set(held, i32(-1)));
    root.loop(frame.begin, frame.end, 1, (scope, wg) => {
      const block = scope.let(op('i32.div_u', [wg, i32(this.down)]), 'block');
      const tile = this.bindTile(scope, wg, block);
      if (this.tiling.kept)
        scope.when(op('i32.ne', [block, get(held)]), (inner) => {
          for (const loop of this.loops)
            this.blocks(inner, loop, (each, k) => this.packColumns(each, frame, loop, tile, k));
          inner.push(set(held, block));
        });
      for (const loop of this.loops)
        this.blocks(scope, loop, (each, k) => {
          if (!this.tiling.kept) this.packColumns(each, frame, loop, tile, k);
          this.multiply(each, frame, loop, tile, k);
        });
      const along = storesAlong(this.program, this.target, this.group);
      const sums = this.group.accumulators.map((_, i) => add(frame.scratch, i32(i * this.sumsBytes)));
      writeStores(scope, this.group, { ...tile, sums, rowBytes: 4 * this.tiling.columns, along });
    }, 'wg'); // prettier-ignore
    return root.statements;
  }

  private get sumsBytes(): number {
    return 4 * this.tiling.rows * this.tiling.columns;
  }

  /** Of one packed operand. */
  private columnBytes(loop: ProductLoop): number {
    const depth = this.tiling.kept ? loop.depth : Math.min(this.tiling.depth, loop.depth);
    return 4 * depth * this.tiling.columns;
  }

  private rowBytes(loop: ProductLoop): number {
    return 16 * Math.ceil(Math.min(this.tiling.depth, loop.depth) / 4);
  }

  private bindTile(scope: WasmScope, wg: Code, block: Code): Tile {
    const { group, tiling, across, down } = this;
    const range = (size: number, step: number, index: Code): Range => {
      if (step >= size) return { first: i32(0), end: i32(size) };
      const first = scope.let(mul(index, i32(step)), 'first');
      const end = size % step === 0 ? add(first, i32(step)) : least(scope.let(add(first, i32(step))), i32(size));
      return { first, end: scope.let(end, 'end') };
    };
    scope.bindAxes(group.batch, scope.let(op('i32.div_u', [block, i32(across)]), 'batch'));
    return {
      m: range(pointCount(group.m), tiling.rows, op('i32.rem_u', [wg, i32(down)])),
      n: range(pointCount(group.n), tiling.columns, op('i32.rem_u', [block, i32(across)])),
    };
  }

  /** Blocks of k, one after the other. */
  private blocks(scope: WasmScope, loop: ProductLoop, write: (inner: WasmScope, k: Range) => void): void {
    const { depth } = this.tiling;
    if (loop.depth <= depth) return scope.block((inner) => write(inner, { first: i32(0), end: i32(loop.depth) }));
    scope.loop(i32(0), i32(loop.depth), depth, (inner, first) => {
      const end = inner.let(least(inner.let(add(first, i32(depth))), i32(loop.depth)), 'end');
      write(inner, { first, end });
    }, 'block'); // prettier-ignore
  }

  /** Address of the packed columns of one block of k. */
  private columnsAt(scope: WasmScope, frame: Frame, loop: ProductLoop, index: number, k: Range): Code {
    const before = this.tiling.kept ? this.loops.slice(0, this.loops.indexOf(loop)) : [];
    const start = this.columnsStart + sum(before.map((one) => one.b.length * this.columnBytes(one)));
    const address = add(frame.scratch, i32(start + index * this.columnBytes(loop)));
    return scope.let(this.tiling.kept ? add(address, mul(k.first, i32(4 * this.tiling.columns))) : address, 'columns');
  }

  private packColumns(scope: WasmScope, frame: Frame, loop: ProductLoop, { n }: Tile, k: Range): void {
    for (const [i, operand] of loop.b.entries())
      scope.block((inner) => {
        const to = this.columnsAt(inner, frame, loop, i, k);
        packPanels(inner, operand, { ...n, from: k.first, to: k.end }, to);
      });
  }

  private multiply(scope: WasmScope, frame: Frame, loop: ProductLoop, tile: Tile, k: Range): void {
    const rows = loop.a.map((operand, i) => this.rowsOf(scope, frame, loop, operand, i, tile, k));
    const columns = loop.b.map((_, i) => this.columnsAt(scope, frame, loop, i, k));
    const width = sub(tile.n.end, tile.n.first);
    const panels = scope.simple(width.kind === 'const' ? i32(Math.ceil(width.value / PANEL)) : op('i32.shr_u', [add(width, i32(PANEL - 1)), i32(Math.log2(PANEL))]), 'panels'); // prettier-ignore
    const depth = scope.simple(sub(k.end, k.first), 'depth');
    for (const { accumulator, a, b, first } of loop.products) {
      const [row, column] = [rows[a], columns[b]];
      invariant(row && column, 'operands are numbered');
      const begun = first ? (k.first.kind === 'const' ? i32(0) : op('i32.ne', [k.first, i32(0)])) : i32(1);
      const sums = add(frame.scratch, i32(accumulator * this.sumsBytes));
      const fn = tileProduct(this.target.features.includes('relaxed-simd'));
      scope.push(invoke(fn, [row.address, i32(row.bytes), column, sums, i32(4 * this.tiling.columns), sub(tile.m.end, tile.m.first), panels, depth, begun])); // prettier-ignore
    }
  }

  /** Where the rows of a tile lie, and how far apart: where they are, or packed. */
  private rowsOf(
    scope: WasmScope,
    frame: Frame,
    loop: ProductLoop,
    operand: Operand,
    index: number,
    { m }: Tile,
    k: Range,
  ): Rows {
    const direct = directRows(scope, operand, m.first, k.first);
    if (direct) return direct;
    const bytes = this.rowBytes(loop);
    const before = loop.a.slice(0, index).filter(isPacked).length;
    const start = this.rowsStart + before * this.tiling.rows * bytes;
    const address = scope.let(add(frame.scratch, i32(start)), 'rows');
    scope.block((inner) => packRows(inner, operand, { ...m, from: k.first, to: k.end }, bytes, address));
    return { address, bytes };
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

function chosenTiling(group: ContractGroup, loops: readonly ProductLoop[], threads: number): Tiling {
  const cost = (operands: readonly Operand[]): number => sum(operands.map((operand) => operand.cost));
  const total = sum(loops.map(({ depth }) => depth));
  const weighted = (of: (loop: ProductLoop) => number): number =>
    sum(loops.map((loop) => of(loop) * loop.depth)) / total;
  return tilingFor({
    batch: pointCount(group.batch),
    m: pointCount(group.m),
    n: pointCount(group.n),
    depths: loops.map(({ depth }) => depth),
    rowCost: weighted(({ a }) => cost(a.filter(isPacked))),
    columnCost: weighted(({ b }) => cost(b)),
    products: weighted(({ products }) => products.length),
    columnOperands: weighted(({ b }) => b.length),
  }, threads); // prettier-ignore
}
