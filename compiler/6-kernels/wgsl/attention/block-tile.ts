// Takes: an attention pass, on any device. Gives: its kernel: a workgroup walks blocks of columns, staged in its memory.
// Promises: no score leaves the workgroup (FlashAttention-2, arXiv 2307.08691); every sum in a fixed order.
import { select } from '../../../3-graph/expr-build.ts';
import type { Expr } from '../../../3-graph/expr.ts';
import type { Axis, Store } from '../../../5-optimize/groups.ts';
import { count, exprAt } from '../../analysis/contract-loops.ts';
import { pointCount } from '../../analysis/touched.ts';
import type { WgslScope } from '../wgsl-scope.ts';
import { pairAt } from '../../analysis/attention-rows.ts';
import { bindColumn, bindRow, writeRange } from './row-span.ts';
import { UNSEEN } from '../../analysis/attention-sides.ts';
import type { Sides, Sum } from '../../analysis/attention-sides.ts';
import { opaque } from '../contract/tile-text.ts';

export interface BlockTile {
  readonly lanes: number;
  readonly rows: number;
  readonly columns: number;
  /** Lanes along the rows; the others lie along the columns, or along the axis of a sum. */
  readonly laneRows: number;
  /** Steps of depth staged at a time for a product, and width of a chunk of a sum's axis. */
  readonly depth: number;
  readonly width: number;
  /** Whether compilers may know the length of loops; Mesa's software driver then unrolls them, which takes it seconds. */
  readonly unroll: boolean;
}

/** Tiles that suit the number of rows, the fastest first, the one with least memory last. */
export function blockTiles({ rows }: Sides, unroll: boolean): readonly BlockTile[] {
  const size = pointCount(rows);
  const least: BlockTile = { lanes: 64, unroll, rows: 16, columns: 16, laneRows: 8, depth: 8, width: 16 };
  const few = { lanes: 128, unroll, columns: 64, laneRows: 4, depth: 16, width: 32 };
  if (size <= 4) return [{ ...few, rows: 4 }, least];
  if (size <= 8) return [{ ...few, rows: 8 }, least];
  const many = { unroll, columns: 32, depth: 16, width: 32 };
  return [{ ...many, lanes: 256, rows: 64, laneRows: 16 }, { ...many, lanes: 128, rows: 32, laneRows: 8 }, least]; // prettier-ignore
}

export function blockTileWorkgroups({ group, rows }: Sides, tile: BlockTile): number {
  return pointCount(group.batch) * Math.ceil(pointCount(rows) / tile.rows);
}

/** Names and sizes in floats of the workgroup arrays. */
function arrays({ weights, sums }: Sides, tile: BlockTile): Readonly<Record<string, number>> {
  const stage = Math.max(tile.depth * (tile.rows + 1 + tile.columns + 1), tile.columns * tile.width);
  const pair = tile.columns * (tile.rows + 1);
  const used = [...new Set(sums.map(({ weight }) => weight))].map((name): [string, number] => [name, pair]);
  const softmax = weights.kind === 'softmax' ? { part: tile.lanes, shrink: tile.rows, total: tile.lanes } : {};
  return { stage, ...Object.fromEntries(used), ...softmax };
}

export const blockTileFloats = (sides: Sides, tile: BlockTile): number =>
  Object.values(arrays(sides, tile)).reduce((sum, size) => sum + size, 2);

export class BlockTileKernel {
  private readonly sides: Sides;
  private readonly tile: BlockTile;
  private readonly prefix: string;
  /** Of the result and of the scores, per lane. */
  private readonly mine: { readonly rows: readonly number[]; readonly columns: readonly number[]; readonly width: readonly number[] }; // prettier-ignore
  private readonly laneColumns: number;
  private readonly online: boolean;

  constructor(sides: Sides, tile: BlockTile, prefix: string) {
    this.sides = sides;
    this.tile = tile;
    this.prefix = prefix;
    this.laneColumns = tile.lanes / tile.laneRows;
    this.mine = {
      rows: count(tile.rows / tile.laneRows),
      columns: count(tile.columns / this.laneColumns),
      width: count(tile.width / this.laneColumns),
    };
    this.online = sides.weights.kind === 'softmax';
  }

  /** Writes the body; gives the declarations. */
  write(root: WgslScope): string {
    const { sides } = this;
    this.writePlace(root);
    for (const { result, axis } of sides.sums)
      for (const chunk of this.chunks(axis))
        root.line(this.cells((i, j) => `var ${result}_${chunk}_${i}_${j} = 0.0f;`).join(' '));
    if (this.online) root.line(`var row_top = ${UNSEEN}f;`, 'var row_total = 0.0f;');
    this.overColumns(root, (scope) => {
      for (const product of sides.products) this.writeProduct(scope, product);
      this.writeWeights(scope);
      for (const sum of sides.sums) for (const chunk of this.chunks(sum.axis)) this.writeSum(scope, sum, chunk);
    });
    this.writeEpilogue(root);
    const declared = Object.entries(arrays(sides, this.tile));
    return [
      `var<workgroup> ${this.name('range')}: vec2i;`,
      ...declared.map(([name, size]) => `var<workgroup> ${this.name(name)}: array<f32, ${size}>;`),
    ].join('\n');
  }

  private name(array: string): string {
    return `${this.prefix}${array}`;
  }

  /** u32 text of the length of a loop. */
  private length(size: number): string {
    return this.tile.unroll ? `${size}u` : `u32(${opaque(size)})`;
  }

  private chunks(axis: Axis): readonly number[] {
    return count(Math.ceil(axis.size / this.tile.width));
  }

  /** For every sum of a lane: row i, place j along the axis. */
  private cells<T>(make: (i: number, j: number) => T): readonly T[] {
    return this.mine.rows.flatMap((i) => this.mine.width.map((j) => make(i, j)));
  }

  private writePlace(root: WgslScope): void {
    const { sides, tile } = this;
    const tiles = Math.ceil(pointCount(sides.rows) / tile.rows);
    root.line(
      `let batch = wg / ${tiles}u;`,
      `let top = wg % ${tiles}u * ${tile.rows}u;`,
      `let lane_row = lane / ${this.laneColumns}u;`,
      `let lane_column = lane % ${this.laneColumns}u;`,
    );
    root.bindAxes(sides.group.batch, 'batch');
    root.value(sides.group.offset);
    for (const i of this.mine.rows) this.bindRow(root, `r${i}`, `top + lane_row + ${i * tile.laneRows}u`);
    writeRange(root, sides, tile.rows);
    const range = this.name('range');
    // A barrier wants bounds that are known to be the same for all.
    root.line(`if (lane == 0u) { ${range} = vec2i(first, end); }`, `let range = workgroupUniformLoad(&${range});`);
  }

  private bindRow(scope: WgslScope, place: string, text: string): void {
    bindRow(scope, this.sides, place, text);
  }

  private bindColumn(scope: WgslScope, place: string, text: string): void {
    bindColumn(scope, this.sides, place, text);
  }

  private overColumns(root: WgslScope, write: (scope: WgslScope) => void): void {
    const { outer } = this.sides;
    const header = `for (var c = range.x; c < range.y; c += ${this.tile.columns})`;
    if (pointCount(outer) === 1) {
      root.bindAxes(outer, '0u');
      return root.block(header, write);
    }
    root.block(`for (var head = 0u; head < ${this.length(pointCount(outer))}; head++)`, (scope) => {
      scope.bindAxes(outer, 'head');
      scope.block(header, write);
    });
  }

  /** stage[start + step * (size + 1) + place] = value for steps of `axis` from `d` and places of the tile. */
  private stage(
    scope: WgslScope,
    start: number,
    size: number,
    axis: Axis,
    d: string,
    value: (scope: WgslScope, at: string) => string,
  ): void {
    // prettier-ignore
    const { tile } = this;
    const e = scope.fresh('e');
    scope.block(`for (var ${e} = lane; ${e} < ${this.length(size * tile.depth)}; ${e} += ${tile.lanes}u)`, (inner) => {
      const step = inner.let(`${e} % ${tile.depth}u`, 'step');
      const at = inner.let(`${e} / ${tile.depth}u`, 'at');
      const depth = inner.let(`${d} + i32(${step})`, 'depth');
      inner.bind(`${axis.name}#in`, inner.let(`min(${depth}, ${axis.size - 1})`, 'inside'), axis.size);
      const loaded = value(inner, at);
      const kept = axis.size % tile.depth === 0 ? loaded : `select(0.0f, ${loaded}, ${depth} < ${axis.size})`;
      inner.line(`${this.name('stage')}[${start}u + ${step} * ${size + 1}u + ${at}] = ${kept};`);
    });
  }

  /** The products of the lane's rows and columns, a few steps of depth at a time. */
  private writeProduct(scope: WgslScope, { name, axis, row, column }: Sides['products'][number]): void {
    const { tile, sides, mine } = this;
    const stage = this.name('stage');
    const start = tile.depth * (tile.rows + 1);
    for (const i of mine.rows) scope.line(mine.columns.map((j) => `var ${name}_${i}_${j} = 0.0f;`).join(' '));
    const d = scope.fresh('d');
    scope.block(
      `for (var ${d} = 0; ${d} < ${tile.unroll ? axis.size : opaque(axis.size)}; ${d} += ${tile.depth})`,
      (inner) => {
        this.stage(inner, 0, tile.rows, axis, d, (load, at) => {
          this.bindRow(load, 'in', `top + ${at}`);
          return load.value(exprAt(exprAt(row, sides.rows, 'in'), [axis], 'in'));
        });
        this.stage(inner, start, tile.columns, axis, d, (load, at) => {
          this.bindColumn(load, 'in', `c + i32(${at})`);
          return load.value(exprAt(exprAt(column, [sides.column], 'in'), [axis], 'in'));
        });
        inner.line('workgroupBarrier();');
        inner.block(`for (var q = 0u; q < ${this.length(tile.depth)}; q++)`, (step) => {
          for (const i of mine.rows) step.line(`let x${i} = ${stage}[q * ${tile.rows + 1}u + lane_row + ${i * tile.laneRows}u];`); // prettier-ignore
          for (const j of mine.columns) step.line(`let y${j} = ${stage}[${start}u + q * ${tile.columns + 1}u + lane_column + ${j * this.laneColumns}u];`); // prettier-ignore
          for (const i of mine.rows)
            for (const j of mine.columns) step.line(`${name}_${i}_${j} = fma(x${i}, y${j}, ${name}_${i}_${j});`);
        });
        inner.line('workgroupBarrier();');
      },
    );
    for (const i of mine.rows) for (const j of mine.columns) scope.bind(`${name}#r${i}c${j}`, `${name}_${i}_${j}`);
  }

  /** kept[column][row] and slope[column][row], for all lanes to see. */
  private writeWeights(scope: WgslScope): void {
    const { tile, sides, mine } = this;
    const { weights } = sides;
    const used = new Set(sides.sums.map(({ weight }) => weight));
    for (const j of mine.columns) this.bindColumn(scope, `c${j}`, `c + i32(lane_column) + ${j * this.laneColumns}`);
    for (const i of mine.rows)
      for (const j of mine.columns) {
        const at = `(lane_column + ${j * this.laneColumns}u) * ${tile.rows + 1}u + lane_row + ${i * tile.laneRows}u`;
        const pair = (expr: Expr): string => scope.value(pairAt(expr, sides, `r${i}`, `c${j}`));
        if (weights.kind === 'softmax')
          scope.line(`${this.name('kept')}[${at}] = ${pair(select(weights.seen, weights.score, UNSEEN))};`);
        else for (const name of used) scope.line(`${this.name(name)}[${at}] = ${pair(weights[name])};`);
      }
    scope.line('workgroupBarrier();');
    if (weights.kind === 'softmax') this.writeSoftmax(scope, weights.factor);
  }

  /** Several lanes to a row: its new maximum, the probabilities against it, and how far what was summed shrinks. */
  private writeSoftmax(scope: WgslScope, factor: Expr | null): void {
    const { tile, sides } = this;
    const share = tile.lanes / tile.rows;
    const [kept, part] = [this.name('kept'), this.name('part')];
    const own = scope.let(`lane / ${share}u`, 'own');
    const slot = scope.let(`lane % ${share}u`, 'slot');
    const loop = `for (var j = ${slot}; j < ${this.length(tile.columns)}; j += ${share}u)`;
    scope.line('var most = row_top;');
    scope.block(loop, (each) => each.line(`most = max(most, ${kept}[j * ${tile.rows + 1}u + ${own}]);`));
    scope.line(`${part}[lane] = most;`, 'workgroupBarrier();');
    scope.block(`for (var j = 0u; j < ${this.length(share)}; j++)`, (each) => each.line(`most = max(most, ${part}[${own} * ${share}u + j]);`)); // prettier-ignore
    scope.line('let row_shrink = exp(row_top - most);', 'row_total *= row_shrink;', 'row_top = most;');
    scope.line(`if (${slot} == 0u) { ${this.name('shrink')}[${own}] = row_shrink; }`);
    if (factor) this.bindRow(scope, 'own', `top + ${own}`);
    scope.block(loop, (each) => {
      const at = each.let(`j * ${tile.rows + 1}u + ${own}`, 'at');
      each.line(`let score = ${kept}[${at}];`, `let p = select(0.0f, exp(score - row_top), score > ${UNSEEN / 2}f);`);
      each.line('row_total += p;');
      if (factor) this.bindColumn(each, 'own', 'c + i32(j)');
      each.line(`${kept}[${at}] = p${factor ? ` * ${each.value(pairAt(factor, sides, 'own', 'own'))}` : ''};`);
    });
    scope.line('workgroupBarrier();');
    for (const i of this.mine.rows) {
      scope.line(`let shrink${i} = ${this.name('shrink')}[lane_row + ${i * tile.laneRows}u];`);
      for (const { result, axis } of sides.sums)
        for (const chunk of this.chunks(axis))
          for (const j of this.mine.width) scope.line(`${result}_${chunk}_${i}_${j} *= shrink${i};`);
    }
  }

  /** One chunk of a sum's axis: the columns' values are staged, then weighed and added. */
  private writeSum(scope: WgslScope, { result, weight, axis, column }: Sum, chunk: number): void {
    const { tile, sides, mine } = this;
    const stage = this.name('stage');
    const e = scope.fresh('e');
    scope.block(
      `for (var ${e} = lane; ${e} < ${this.length(tile.columns * tile.width)}; ${e} += ${tile.lanes}u)`,
      (inner) => {
        const d = inner.let(`min(${chunk * tile.width} + i32(${e} % ${tile.width}u), ${axis.size - 1})`, 'd');
        inner.bind(`${axis.name}#in`, d, axis.size);
        this.bindColumn(inner, 'in', `c + i32(${e} / ${tile.width}u)`);
        inner.line(`${stage}[${e}] = ${inner.value(exprAt(exprAt(column, [sides.column], 'in'), [axis], 'in'))};`);
      },
    );
    scope.line('workgroupBarrier();');
    scope.block(`for (var q = 0u; q < ${this.length(tile.columns)}; q++)`, (step) => {
      for (const i of mine.rows) step.line(`let w${i} = ${this.name(weight)}[q * ${tile.rows + 1}u + lane_row + ${i * tile.laneRows}u];`); // prettier-ignore
      for (const j of mine.width) step.line(`let y${j} = ${stage}[q * ${tile.width}u + lane_column + ${j * this.laneColumns}u];`); // prettier-ignore
      step.line(...this.cells((i, j) => `${result}_${chunk}_${i}_${j} = fma(w${i}, y${j}, ${result}_${chunk}_${i}_${j});`)); // prettier-ignore
    });
    scope.line('workgroupBarrier();');
  }

  private writeEpilogue(root: WgslScope): void {
    const { sides, tile } = this;
    if (this.online) this.writeTotals(root);
    for (const { result, axis, stores } of sides.sums)
      for (const chunk of this.chunks(axis))
        for (const j of this.mine.width) {
          const place = `${result}${chunk}_${j}`;
          const d = root.let(`i32(lane_column) + ${chunk * tile.width + j * this.laneColumns}`, 'd');
          root.bind(`${axis.name}#${place}`, d, axis.size);
          for (const i of this.mine.rows) {
            const row = `top + lane_row + ${i * tile.laneRows}u < ${pointCount(sides.rows)}u`;
            root.block(`if (${row} && ${d} < ${axis.size})`, (inner) => {
              const total = this.online ? ` * ${this.name('shrink')}[lane_row + ${i * tile.laneRows}u]` : '';
              inner.bind(result, inner.let(`${result}_${chunk}_${i}_${j}${total}`, 'x'));
              inner.stores(this.storesAt(stores, `r${i}`, axis, place));
            });
          }
        }
  }

  /** lse, stored by the first lane of a row; `shrink` becomes 1 / total. */
  private writeTotals(root: WgslScope): void {
    const { tile, sides } = this;
    const { group } = sides;
    const share = tile.lanes / tile.rows;
    root.line(`${this.name('total')}[lane] = row_total;`, 'workgroupBarrier();');
    root.block(`if (lane < ${tile.rows}u)`, (scope) => {
      scope.line('var sum = 0.0f;');
      scope.block(`for (var j = 0u; j < ${this.length(share)}; j++)`, (each) => each.line(`sum += ${this.name('total')}[lane * ${share}u + j];`)); // prettier-ignore
      scope.line(`${this.name('shrink')}[lane] = select(0.0f, 1.0f / sum, sum > 0.0f);`);
      scope.line(`${this.name('part')}[lane] = sum;`);
    });
    root.line('workgroupBarrier();');
    if (group.kind !== 'attention' || group.lseStores.length === 0) return;
    const own = root.let(`lane / ${share}u`, 'own');
    root.block(`if (lane % ${share}u == 0u && top + ${own} < ${pointCount(sides.rows)}u)`, (scope) => {
      scope.line(`let sum = ${this.name('part')}[${own}];`);
      scope.line(`let lse = select(${UNSEEN}f, row_top + log(sum), sum > 0.0f);`);
      this.bindRow(scope, 'own', `top + ${own}`);
      scope.bind('lse', 'lse');
      scope.stores(this.storesAt(group.lseStores, 'own', null, ''));
    });
  }

  private storesAt(stores: readonly Store[], row: string, axis: Axis | null, place: string): readonly Store[] {
    const at = (expr: Expr): Expr => exprAt(exprAt(expr, this.sides.rows, row), axis ? [axis] : [], place);
    return stores.map(({ tensor, index, value }) => ({ tensor, index: index.map(at), value: at(value) }));
  }
}
