// Takes: an attention pass on a device whose workgroups are single subgroups. Gives: its kernel.
// Promises: no barriers and no workgroup memory; scores live in registers, a column per lane; fixed order of every sum.
import type { Expr } from '../../../3-graph/expr.ts';
import { select } from '../../../3-graph/expr-build.ts';
import type { Axis, Store } from '../../../5-optimize/groups.ts';
import { axesAt, count, exprAt } from '../../analysis/contract-loops.ts';
import { pointCount } from '../../analysis/touched.ts';
import type { WgslScope } from '../wgsl-scope.ts';
import { pairAt, rowsAreQueries } from '../../analysis/attention-rows.ts';
import { bindPosition, writeRange } from './row-span.ts';
import { UNSEEN } from '../../analysis/attention-sides.ts';
import type { Sides } from '../../analysis/attention-sides.ts';
import { clampedAt, opaque } from '../contract/tile-text.ts';

export interface ShuffleTile {
  readonly rows: number;
  readonly lanes: number;
  /** Operands of the rows that do not fit into registers are copied into an array first, rather than loaded for every block. */
  readonly staged: boolean;
}

/** Registers for what is summed over columns, and rows of a tile at most. */
const small = { registers: 32, rows: 8 };
const large = { registers: 64, rows: 16 };
/** Registers for operands of the rows. */
const operandRegisters = 16;

/** Multiply-adds from which a pass gains from a larger tile what its code costs to compile. */
const LARGE = 1 << 22;
/** Workgroups that keep a few cores busy evenly. */
const BUSY = 16;

/**
 * Of 4 x 4 heads of 32, 256 queries and keys, causal, on two cores, forward and both passes backward: 75 ms in small tiles,
 * 53 in large ones, 62 where they are not staged; 45 with all operands in registers, which take three times as long to compile.
 */
export function shuffleTile(sides: Sides, lanes: number): ShuffleTile {
  const tile: ShuffleTile = { rows: rowsOf(sides, lanes, large), lanes, staged: true };
  const widths = [...sides.products, ...sides.sums].reduce((sum, { axis }) => sum + axis.size, 0);
  const pairs = [...sides.group.batch, ...sides.rows, ...sides.outer, sides.column];
  if (pointCount(pairs) * widths >= LARGE && shuffleTileWorkgroups(sides, tile) >= BUSY) return tile;
  return { rows: rowsOf(sides, lanes, small), lanes, staged: false };
}

function rowsOf(sides: Sides, lanes: number, limit: { readonly registers: number; readonly rows: number }): number {
  const chunks = sides.sums.reduce((sum, { axis }) => sum + Math.ceil(axis.size / lanes), 0);
  const most = Math.max(1, Math.min(limit.rows, 2 ** Math.floor(Math.log2(limit.registers / chunks))));
  const rows = pointCount(sides.rows);
  const along = sides.rows.at(-1)?.size ?? 1;
  const even = count(most + 1).findLast((tile) => tile > 0 && along % tile === 0) ?? 1;
  return 2 * even >= most ? even : Math.ceil(rows / Math.ceil(rows / most));
}

export function shuffleTileWorkgroups({ group, rows }: Sides, tile: ShuffleTile): number {
  return pointCount(group.batch) * Math.ceil(pointCount(rows) / tile.rows);
}

export class ShuffleTileKernel {
  private readonly sides: Sides;
  private readonly tile: ShuffleTile;
  private readonly rows: readonly number[];

  constructor(sides: Sides, tile: ShuffleTile) {
    this.sides = sides;
    this.tile = tile;
    this.rows = count(tile.rows);
  }

  /** Writes the body; it needs no declarations. */
  write(root: WgslScope): string {
    const { sides, tile } = this;
    this.writePlace(root);
    // Operands of the rows stay in registers where they are few.
    let free = operandRegisters;
    const loaded = sides.products.map((product) => {
      const needed = this.chunks(product.axis).length * tile.rows;
      if (needed > free) return this.stageRows(root, product);
      free -= needed;
      return this.rowsOnce(root, product);
    });
    for (const { result, axis } of sides.sums) {
      this.chunks(axis).forEach((chunk) => this.bindLane(root, axis, `${result}${chunk}`, chunk));
      for (const i of this.rows)
        root.line(this.chunks(axis).map((chunk) => `var ${result}_${i}_${chunk} = 0.0f;`).join(' ')); // prettier-ignore
    }
    if (sides.weights.kind === 'softmax')
      for (const i of this.rows) root.line(`var top_${i} = ${UNSEEN}f; var total_${i} = 0.0f;`);
    this.overColumns(root, (scope, c) => {
      this.writeColumn(scope, c);
      sides.products.forEach((product, p) => this.writeProduct(scope, product, loaded[p] ?? null));
      this.writeWeights(scope);
      this.writeSums(scope, c);
    });
    this.writeEpilogue(root);
    return '';
  }

  private chunks(axis: Axis): readonly number[] {
    return count(Math.ceil(axis.size / this.tile.lanes));
  }

  /** Binds the index of this lane along a chunk of an axis. */
  private bindLane(scope: WgslScope, axis: Axis, place: string, chunk: number): void {
    const { lanes } = this.tile;
    const index = `i32(lane) + ${chunk * lanes}`;
    const inside = (chunk + 1) * lanes <= axis.size;
    scope.bind(`${axis.name}#${place}`, scope.let(inside ? index : `min(${index}, ${axis.size - 1})`, 'd'), axis.size);
  }

  private writePlace(root: WgslScope): void {
    const { sides, tile } = this;
    const size = pointCount(sides.rows);
    const tiles = Math.ceil(size / tile.rows);
    root.line(`let batch = wg / ${tiles}u;`, `let top = wg % ${tiles}u * ${tile.rows}u;`);
    root.bindAxes(sides.group.batch, 'batch');
    const last = rowsAreQueries(sides) ? sides.group.query : sides.group.key;
    root.value(sides.group.offset);
    for (const i of this.rows) {
      root.line(`let row${i} = ${clampedAt('top', i, size, tile.rows)};`);
      root.bindAxes(axesAt(sides.rows, `r${i}`), `row${i}`);
      bindPosition(root, sides, last, `r${i}`);
    }
    writeRange(root, sides, tile.rows);
  }

  /** The rows' operand in registers, a chunk per row. */
  private rowsOnce(root: WgslScope, { name, axis, row }: Sides['products'][number]): string[][] {
    return this.chunks(axis).map((chunk) => {
      this.bindLane(root, axis, `${name}${chunk}`, chunk);
      return this.rows.map((i) => root.value(exprAt(exprAt(row, this.sides.rows, `r${i}`), [axis], `${name}${chunk}`)));
    });
  }

  /** The rows' operand in an array, a chunk of all rows after the other; else nothing is done ahead. */
  private stageRows(root: WgslScope, { name, axis, row }: Sides['products'][number]): null {
    const { sides, tile } = this;
    if (!tile.staged) return null;
    const size = pointCount(sides.rows);
    const length = this.chunks(axis).length * tile.rows;
    root.line(`var staged_${name}: array<f32, ${length}>;`);
    root.block(`for (var e = 0u; e < ${length}u; e++)`, (scope) => {
      const place = `top + e % ${tile.rows}u`;
      scope.bindAxes(axesAt(sides.rows, 'staged'), scope.let(size % tile.rows === 0 ? place : `min(${place}, ${size - 1}u)`, 'at')); // prettier-ignore
      const own = `i32(e / ${tile.rows}u * ${tile.lanes}u + lane)`;
      scope.bind(`${axis.name}#staged`, scope.let(axis.size % tile.lanes === 0 ? own : `min(${own}, ${axis.size - 1})`, 'own'), axis.size); // prettier-ignore
      scope.line(`staged_${name}[e] = ${scope.expr(exprAt(exprAt(row, sides.rows, 'staged'), [axis], 'staged'))};`);
    });
    return null;
  }

  private overColumns(root: WgslScope, write: (scope: WgslScope, c: string) => void): void {
    const { outer } = this.sides;
    const columns = (scope: WgslScope): void =>
      // `first` and `end` come from memory, so the compiler cannot know that they are the same in all lanes.
      scope.block(`@diagnostic(off, subgroup_uniformity) for (var c = first; c < end; c += ${this.tile.lanes})`, (inner) => write(inner, 'c')); // prettier-ignore
    if (pointCount(outer) === 1) {
      root.bindAxes(outer, '0u');
      return columns(root);
    }
    root.block(`for (var head = 0u; head < u32(${opaque(pointCount(outer))}); head++)`, (scope) => {
      scope.bindAxes(outer, 'head');
      columns(scope);
    });
  }

  private writeColumn(scope: WgslScope, c: string): void {
    const { column } = this.sides;
    const place = scope.let(`${c} + i32(lane)`, 'place');
    scope.bind('place#own', place);
    scope.bind(`${column.name}#own`, scope.let(`min(${place}, ${column.size - 1})`, 'own'), column.size);
    bindPosition(scope, this.sides, column, 'own');
  }

  /** Each lane the products of all rows with its own column. */
  private writeProduct(scope: WgslScope, product: Sides['products'][number], loaded: string[][] | null): void {
    const { name, axis } = product;
    const { lanes } = this.tile;
    scope.line(this.rows.map((i) => `var ${name}_${i} = 0.0f;`).join(' '));
    if (loaded)
      loaded.forEach((chunk, i) => this.writeSteps(scope, product, chunk, String(i * lanes), opaque(Math.min((i + 1) * lanes, axis.size)))); // prettier-ignore
    else {
      const d = scope.fresh('d');
      scope.block(`for (var ${d} = 0; ${d} < ${opaque(axis.size)}; ${d} += ${lanes})`, (inner) => {
        const chunk = this.tile.staged ? this.stagedChunk(inner, name, d) : this.loadedChunk(inner, product, d);
        this.writeSteps(inner, product, chunk, d, `min(${d} + ${lanes}, ${axis.size})`);
      });
    }
    for (const i of this.rows) scope.bind(`${name}#r${i}own`, `${name}_${i}`);
  }

  private stagedChunk(scope: WgslScope, name: string, d: string): string[] {
    const { rows, lanes } = this.tile;
    const first = scope.let(rows === lanes ? d : `${d} / ${lanes} * ${rows}`, 'first');
    return this.rows.map((i) => scope.let(`staged_${name}[${first} + ${i}]`, 'x'));
  }

  private loadedChunk(scope: WgslScope, { name, axis, row }: Sides['products'][number], d: string): string[] {
    scope.bind(`${axis.name}#${name}`, scope.let(`min(${d} + i32(lane), ${axis.size - 1})`, 'own'), axis.size);
    const at = (i: number): Expr => exprAt(exprAt(row, this.sides.rows, `r${i}`), [axis], name);
    return this.rows.map((i) => scope.value(at(i)));
  }

  private writeSteps(
    scope: WgslScope,
    { name, axis, column }: Sides['products'][number],
    rows: readonly string[],
    start: string,
    stop: string,
  ): void {
    const q = scope.fresh('q');
    scope.block(`for (var ${q} = ${start}; ${q} < ${stop}; ${q}++)`, (inner) => {
      inner.bind(`${axis.name}#step`, q, axis.size);
      const from = inner.let(start === '0' ? `u32(${q})` : `u32(${q} - ${start})`, 'from');
      const y = inner.value(exprAt(exprAt(column, [this.sides.column], 'own'), [axis], 'step'));
      rows.forEach((row, i) => inner.line(`${name}_${i} = fma(subgroupShuffle(${row}, ${from}), ${y}, ${name}_${i});`));
    });
  }

  /** Binds nothing: declares kept_i and slope_i. */
  private writeWeights(scope: WgslScope): void {
    const { sides } = this;
    const { weights } = sides;
    for (const i of this.rows) {
      const at = (expr: Expr): string => scope.value(pairAt(expr, sides, `r${i}`, 'own'));
      if (weights.kind === 'given') {
        const used = new Set(sides.sums.map(({ weight }) => weight));
        for (const name of used) scope.line(`let ${name}_${i} = ${at(weights[name])};`);
        continue;
      }
      scope.line(
        `let score${i} = ${at(select(weights.seen, weights.score, UNSEEN))};`,
        `let higher${i} = max(top_${i}, subgroupMax(score${i}));`,
        `let shrink${i} = exp(top_${i} - higher${i});`,
        `let p${i} = select(0.0f, exp(score${i} - higher${i}), ${at(weights.seen)});`,
        `total_${i} = fma(total_${i}, shrink${i}, p${i});`,
        `top_${i} = higher${i};`,
        `let kept_${i} = p${i}${weights.factor ? ` * ${at(weights.factor)}` : ''};`,
      );
      for (const { result, axis } of sides.sums)
        for (const chunk of this.chunks(axis)) scope.line(`${result}_${i}_${chunk} *= shrink${i};`);
    }
  }

  /** Lanes lie along the axis of the sum; one column after the other. */
  private writeSums(scope: WgslScope, c: string): void {
    const { sides, tile } = this;
    const q = scope.fresh('q');
    scope.block(`for (var ${q} = ${c}; ${q} < min(${c} + ${tile.lanes}, end); ${q}++)`, (inner) => {
      inner.bind(`${sides.column.name}#step`, q, sides.column.size);
      const from = inner.let(`u32(${q} - ${c})`, 'from');
      for (const { result, weight, axis, column } of sides.sums) {
        const at = (chunk: number): Expr => exprAt(exprAt(column, [sides.column], 'step'), [axis], `${result}${chunk}`);
        const values = this.chunks(axis).map((chunk) => inner.value(at(chunk)));
        for (const i of this.rows) {
          const w = inner.let(`subgroupShuffle(${weight}_${i}, ${from})`, 'w');
          values.forEach((y, chunk) =>
            inner.line(`${result}_${i}_${chunk} = fma(${w}, ${y}, ${result}_${i}_${chunk});`),
          );
        }
      }
    });
  }

  /** Row after row; the registers of the next row move into those of the first. */
  private writeEpilogue(root: WgslScope): void {
    const { sides, tile } = this;
    const size = pointCount(sides.rows);
    const edge = size % tile.rows === 0 ? opaque(tile.rows) : `i32(min(${tile.rows}u, ${size}u - top))`;
    const online = sides.weights.kind === 'softmax';
    root.block(`for (var i = 0; i < ${edge}; i++)`, (scope) => {
      scope.line('let row = top + u32(i);');
      scope.bindAxes(axesAt(sides.rows, 'row'), 'row');
      if (online) this.writeTotals(scope);
      for (const { result, axis, stores } of sides.sums)
        for (const chunk of this.chunks(axis)) {
          const inside = (chunk + 1) * tile.lanes <= axis.size;
          scope.block(inside ? '' : `if (lane < ${axis.size - chunk * tile.lanes}u)`, (inner) => {
            inner.bind(result, inner.let(`${result}_0_${chunk}${online ? ' * share' : ''}`, 'x'));
            inner.stores(this.storesAt(stores, axis, `${result}${chunk}`));
          });
        }
      for (const i of count(tile.rows - 1)) {
        for (const { result, axis } of sides.sums)
          for (const chunk of this.chunks(axis)) scope.line(`${result}_${i}_${chunk} = ${result}_${i + 1}_${chunk};`);
        if (online) scope.line(`top_${i} = top_${i + 1};`, `total_${i} = total_${i + 1};`);
      }
    });
  }

  private writeTotals(scope: WgslScope): void {
    const { group } = this.sides;
    scope.line('let total = subgroupAdd(total_0);', 'let share = select(0.0f, 1.0f / total, total > 0.0f);');
    scope.line(`let lse = select(${UNSEEN}f, top_0 + log(total), total > 0.0f);`);
    if (group.kind !== 'attention' || group.lseStores.length === 0) return;
    scope.block('if (lane == 0u)', (inner) => {
      inner.bind('lse', 'lse');
      inner.stores(this.storesAt(group.lseStores, null, ''));
    });
  }

  private storesAt(stores: readonly Store[], axis: Axis | null, place: string): readonly Store[] {
    const at = (expr: Expr): Expr => exprAt(exprAt(expr, this.sides.rows, 'row'), axis ? [axis] : [], place);
    return stores.map(({ tensor, index, value }) => ({ tensor, index: index.map(at), value: at(value) }));
  }
}
