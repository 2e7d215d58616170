// Takes: an attention pass whose operands are halves, on a device whose subgroups multiply matrices. Gives: its kernel.
// Promises: no score leaves the workgroup (FlashAttention-2, arXiv 2307.08691); every sum in f32, in a fixed order.
import { variable } from '../../../../3-graph/expr-build.ts';
import type { Expr } from '../../../../3-graph/expr.ts';
import type { Axis, Program, Store } from '../../../../5-optimize/groups.ts';
import { rowSpan, rowsAreQueries, unseenRanges } from '../../../analysis/attention-rows.ts';
import type { Sides, Sum } from '../../../analysis/attention-sides.ts';
import { axesAt, count, exprAt } from '../../../analysis/contract-loops.ts';
import { pointCount } from '../../../analysis/touched.ts';
import type { WgslScope } from '../../wgsl-scope.ts';
import { bindColumn, bindRow, writeRange } from '../row-span.ts';
import { findStaged, matrixLayout, SIDE, SUBGROUP, sumParts } from './matrix-layout.ts';
import type { MatrixLayout, MatrixTile, Region, Staged } from './matrix-layout.ts';
import { MatrixWeights } from './matrix-weights.ts';
import { HalvesStage } from './stage-halves.ts';
import type { BindPlace, Fetched } from './stage-halves.ts';

type Product = Sides['products'][number];

const LEFT = `subgroup_matrix_left<f16, ${SIDE}, ${SIDE}>`;
const RIGHT = `subgroup_matrix_right<f16, ${SIDE}, ${SIDE}>`;
const RESULT = `subgroup_matrix_result<f32, ${SIDE}, ${SIDE}>`;
/** A row of a matrix, in units of a `vec4u`. */
const HALVES = SIDE / 8;
const FLOATS = SIDE / 4;
/** Results a lane reads before it stores the first of them. */
const TOGETHER = 8;

interface Result {
  readonly row: string;
  readonly column: string;
  readonly value: string;
}

export class MatrixTileKernel {
  private readonly sides: Sides;
  private readonly tile: MatrixTile;
  private readonly layout: MatrixLayout;
  private readonly memory: string;
  private readonly range: string;
  private readonly weights: MatrixWeights;
  private readonly stage: HalvesStage;

  constructor(program: Program, sides: Sides, tile: MatrixTile, wide: readonly number[], prefix: string) {
    this.sides = sides;
    this.tile = tile;
    this.layout = matrixLayout(sides, tile);
    this.memory = `${prefix}memory`;
    this.range = `${prefix}range`;
    this.weights = new MatrixWeights(sides, tile, this.layout, { memory: this.memory, flag: `${prefix}flag` });
    this.stage = new HalvesStage(program, sides, wide, this.layout.lanes, this.memory);
  }

  /** Writes the body; gives the declarations. */
  write(root: WgslScope): string {
    const { sides } = this;
    this.writePlace(root);
    for (const product of sides.products) this.writeRows(root, product);
    for (const sum of sides.sums)
      root.line(this.sumNames(sum).map((name) => `var ${name} = ${RESULT}();`).join(' ')); // prettier-ignore
    this.weights.writeBefore(root);
    this.overColumns(root, (scope, ahead) => this.writeBlock(scope, ahead));
    this.writeEpilogue(root);
    return [
      `var<workgroup> ${this.range}: vec2i;`,
      ...this.weights.declarations(),
      `var<workgroup> ${this.memory}: array<vec4u, ${this.layout.size}>;`,
    ].join('\n');
  }

  private writePlace(root: WgslScope): void {
    const { sides, tile, layout } = this;
    const tiles = Math.ceil(pointCount(sides.rows) / tile.rows);
    // Rows that see many columns, by a causal mask, come first: the last workgroups to start are short.
    const at = rowsAreQueries(sides) ? `(${tiles - 1}u - wg % ${tiles}u)` : `wg % ${tiles}u`;
    root.line(`let batch = wg / ${tiles}u;`, `let top = ${at} * ${tile.rows}u;`, `let subgroup = lane / ${SUBGROUP}u;`);
    root.line(`let down = subgroup / ${tile.across}u;`, `let over = subgroup % ${tile.across}u;`);
    // Neighbouring lanes own neighbouring rows; what they share of a row lies in other lanes of the subgroup.
    const owned = SUBGROUP / layout.share;
    root.line(`let own = subgroup * ${owned}u + lane % ${owned}u;`, `let slot = lane / ${owned}u % ${layout.share}u;`);
    root.bindAxes(sides.group.batch, 'batch');
    root.value(sides.group.offset);
    bindRow(root, sides, 'own', 'top + own');
    writeRange(root, sides, tile.rows);
    // A barrier wants bounds that are known to be the same for all.
    root.line(`if (lane == 0u) { ${this.range} = vec2i(first, end); }`, `let range = workgroupUniformLoad(&${this.range});`); // prettier-ignore
  }

  /** The rows' operand in matrices, which stay in registers. */
  private writeRows(root: WgslScope, { name }: Product): void {
    const { tile, layout } = this;
    const staged = layout.rows.get(name);
    if (!staged) return;
    root.block('', (scope) => {
      this.stage.write(scope, staged, tile.rows, (inner, place, at) => bindRow(inner, this.sides, place, `top + ${at}`), 'r'); // prettier-ignore
    });
    root.line('workgroupBarrier();');
    for (const i of count(layout.rowParts))
      for (const k of count(staged.octets / HALVES))
        root.line(
          `let row_${name}_${i}_${k} = ${this.load(LEFT, 'row_major', staged.region, this.downTo(i), k * HALVES)};`,
        );
    root.line('workgroupBarrier();');
  }

  private downTo(i: number): string {
    const first = `down * ${this.layout.rowParts * SIDE}u`;
    return i === 0 ? first : `(${first} + ${i * SIDE}u)`;
  }

  private load(type: string, order: string, { base, stride }: Region, row: string, column: number | string): string {
    return `subgroupMatrixLoad<${type}, ${order}>(&${this.memory}, ${base}u + ${row} * ${stride}u + ${column}${typeof column === 'number' ? 'u' : ''}, ${stride}u)`; // prettier-ignore
  }

  /** `write` is told what each lane has in registers of the columns to come. */
  private overColumns(root: WgslScope, write: (scope: WgslScope, ahead: readonly Fetched[]) => void): void {
    const { sides } = this;
    const columns = (scope: WgslScope): void => {
      const first = this.fetchColumns(scope, 'range.x', 'first');
      first.forEach(({ value }, i) => scope.line(`var ahead${i} = ${value};`));
      scope.block(`for (var c = range.x; c < range.y; c += ${this.tile.columns})`, (inner) => write(inner, first));
    };
    const heads = pointCount(sides.outer);
    if (heads === 1) {
      root.bindAxes(sides.outer, '0u');
      return columns(root);
    }
    root.block(`for (var head = 0u; head < ${heads}u; head++)`, (scope) => {
      scope.bindAxes(sides.outer, 'head');
      columns(scope);
    });
  }

  private bindAt(first: string): BindPlace {
    return (scope, place, at) => bindColumn(scope, this.sides, place, `${first} + i32(${at})`);
  }

  private isAhead(operand: Staged): boolean {
    return this.tile.ahead && this.stage.even(operand, this.tile.columns);
  }

  private fetchColumns(scope: WgslScope, first: string, tag: string): Fetched[] {
    const { columns } = this.layout;
    return columns.filter((one) => this.isAhead(one)).flatMap((one) => this.stage.fetch(scope, one, this.tile.columns, this.bindAt(first), tag)); // prettier-ignore
  }

  private writeBlock(scope: WgslScope, ahead: readonly Fetched[]): void {
    const { sides, tile, layout } = this;
    ahead.forEach(({ to }, i) => scope.line(`${to} = ahead${i};`));
    for (const operand of layout.columns)
      if (!this.isAhead(operand)) this.stage.write(scope, operand, tile.columns, this.bindAt('c'), 'now');
    this.weights.writeStats(scope);
    scope.line('workgroupBarrier();');
    if (ahead.length > 0) {
      scope.line(`let next = c + ${tile.columns};`);
      this.fetchColumns(scope, 'next', 'next').forEach(({ value }, i) => scope.line(`ahead${i} = ${value};`));
    }
    for (const product of sides.products) this.writeProduct(scope, product);
    scope.line('workgroupBarrier();', `let whole = ${this.wholeText(scope)};`);
    this.weights.write(scope, (inner) => this.writeShrink(inner));
    for (const sum of sides.sums) this.writeSum(scope, sum);
    scope.line('workgroupBarrier();');
  }

  /** Whether every row of the tile sees all columns of the block. */
  private wholeText(scope: WgslScope): string {
    const { sides, tile } = this;
    const span = rowSpan(sides, variable('rows#top', 'i32'), tile.rows);
    const last = `c + ${tile.columns}`;
    const outside = unseenRanges(sides, span).map(({ from, to }) => `(${last} <= ${scope.expr(from)} || c >= ${scope.expr(to)})`); // prettier-ignore
    return [`${last} <= range.y`, ...outside].join(' && ');
  }

  private writeProduct(scope: WgslScope, { name, axis, column }: Product): void {
    const { layout } = this;
    const { rowParts, columnParts } = layout;
    const staged = findStaged(layout.columns, column, axis);
    const scores = layout.scores.get(name);
    if (!staged || !scores) return;
    for (const j of count(columnParts))
      scope.block('', (inner) => {
        const at = `(over * ${columnParts * SIDE}u + ${j * SIDE}u)`;
        for (const i of count(rowParts)) inner.line(`var sum${i} = ${RESULT}();`);
        for (const k of count(Math.ceil(axis.size / SIDE))) {
          inner.line(`let column${k} = ${this.load(RIGHT, 'col_major', staged.region, at, k * HALVES)};`);
          for (const i of count(rowParts)) inner.line(`sum${i} = subgroupMatrixMultiplyAccumulate(row_${name}_${i}_${k}, column${k}, sum${i});`); // prettier-ignore
        }
        for (const i of count(rowParts)) inner.line(this.keep(scores, i, j, `sum${i}`));
      });
  }

  /** Stores a sum of row part i as column part j of the subgroup. */
  private keep(region: Region, i: number, j: number, sum: string): string {
    return `subgroupMatrixStore<row_major>(&${this.memory}, ${this.kept(region, i, j)}, ${sum}, ${region.stride}u);`;
  }

  private kept({ base, stride }: Region, i: number, j: number): string {
    const { columnParts } = this.layout;
    return `${base}u + ${this.downTo(i)} * ${stride}u + over * ${columnParts * FLOATS}u + ${j * FLOATS}u`;
  }

  private sumNames(sum: Sum): string[] {
    return count(this.layout.rowParts).flatMap((i) => count(sumParts(sum, this.tile)).map((j) => `${sum.result}_${i}_${j}`)); // prettier-ignore
  }

  private writeSum(scope: WgslScope, sum: Sum): void {
    const { layout, tile } = this;
    const { result, weight, axis, column } = sum;
    const staged = findStaged(layout.columns, column, axis);
    const weights = layout.weights.get(weight);
    const parts = sumParts(sum, tile);
    if (!staged || !weights) return;
    for (const k of count(tile.columns / SIDE))
      scope.block('', (inner) => {
        for (const i of count(layout.rowParts)) inner.line(`let weight${i} = ${this.load(LEFT, 'row_major', weights, this.downTo(i), k * HALVES)};`); // prettier-ignore
        for (const j of count(parts)) {
          const at = `over * ${parts * HALVES}u + ${j * HALVES}u`;
          inner.line(`let value${j} = ${this.load(RIGHT, 'row_major', staged.region, `${k * SIDE}u`, at)};`);
          for (const i of count(layout.rowParts)) inner.line(`${result}_${i}_${j} = subgroupMatrixMultiplyAccumulate(weight${i}, value${j}, ${result}_${i}_${j});`); // prettier-ignore
        }
      });
  }

  /** Where what was summed goes through workgroup memory: parts of every subgroup at a time. */
  private rounds(sum: Sum): readonly (readonly number[])[] {
    const { columnParts } = this.layout;
    const parts = sumParts(sum, this.tile);
    return count(Math.ceil(parts / columnParts)).map((round) =>
      count(Math.min(columnParts, parts - round * columnParts)).map((j) => round * columnParts + j),
    );
  }

  private room(): Region {
    return [...this.layout.scores.values()][0] ?? { base: 0, stride: 0 };
  }

  /** Every row of the sums times the `shrink` of the lanes that own it. */
  private writeShrink(scope: WgslScope): void {
    const { layout, memory } = this;
    const room = this.room();
    const own = `${room.base}u + own * ${room.stride}u + slot`;
    for (const sum of this.sides.sums)
      for (const parts of this.rounds(sum)) {
        const each = (write: (name: string, i: number, place: number) => string): void => {
          for (const i of count(layout.rowParts)) parts.forEach((j, place) => scope.line(write(`${sum.result}_${i}_${j}`, i, place))); // prettier-ignore
        };
        each((name, i, place) => this.keep(room, i, place, name));
        scope.line('workgroupBarrier();');
        scope.block(`for (var q = 0u; q < ${this.tile.columns / 4}u; q += ${layout.share}u)`, (inner) =>
          inner.line(`${memory}[${own} + q] = bitcast<vec4u>(shrink * bitcast<vec4f>(${memory}[${own} + q]));`),
        );
        scope.line('workgroupBarrier();');
        each((name, i, place) => `${name} = subgroupMatrixLoad<${RESULT}, row_major>(&${memory}, ${this.kept(room, i, place)}, ${room.stride}u);`); // prettier-ignore
        scope.line('workgroupBarrier();');
      }
  }

  private writeEpilogue(root: WgslScope): void {
    const { sides, tile, layout } = this;
    this.weights.writeAfter(root, (stores) => this.storesAt(stores, 'own', null, ''));
    const each = (tile.rows * tile.columns) / layout.lanes;
    const together = Math.min(each, TOGETHER);
    for (const sum of sides.sums)
      for (const parts of this.rounds(sum)) {
        for (const i of count(layout.rowParts)) parts.forEach((j, place) => root.line(this.keep(this.room(), i, place, `${sum.result}_${i}_${j}`))); // prettier-ignore
        root.line('workgroupBarrier();');
        root.block(
          `for (var e = lane; e < ${tile.rows * tile.columns}u; e += ${together * layout.lanes}u)`,
          (scope) => {
            const read = count(together).map((u) => this.readResult(scope, sum, `e + ${u * layout.lanes}u`));
            for (const one of read) this.writeResult(scope, sum, parts, one);
          },
        );
        root.line('workgroupBarrier();');
      }
  }

  /** Names of row and column of the room, and of what stands there. */
  private readResult(scope: WgslScope, sum: Sum, e: string): Result {
    const { tile, memory } = this;
    const { base, stride } = this.room();
    const row = scope.let(`(${e}) / ${tile.columns}u`, 'row');
    const column = scope.let(`(${e}) % ${tile.columns}u`, 'column');
    const text = `bitcast<f32>(${memory}[${base}u + ${row} * ${stride}u + ${column} / 4u][${column} % 4u])`;
    return { row, column, value: scope.let(this.weights.finished(sum, text, row), 'x') };
  }

  private writeResult(scope: WgslScope, sum: Sum, parts: readonly number[], { row, column, value }: Result): void {
    const { sides, tile, layout } = this;
    const { axis, result, stores } = sum;
    const width = layout.columnParts * SIDE;
    const all = sumParts(sum, tile) * SIDE;
    const first = (parts[0] ?? 0) * SIDE;
    const d =
      tile.across === 1
        ? `${column} + ${first}u`
        : `${column} / ${width}u * ${all}u + ${first}u + ${column} % ${width}u`;
    const at = scope.let(`i32(${d})`, 'd');
    const rows = pointCount(sides.rows);
    const edges = [
      ...(parts.length * SIDE === width ? [] : [`${column} % ${width}u < ${parts.length * SIDE}u`]),
      ...(all * tile.across === axis.size ? [] : [`${at} < ${axis.size}`]),
      ...(rows % tile.rows === 0 ? [] : [`top + ${row} < ${rows}u`]),
    ];
    scope.block(edges.length === 0 ? '' : `if (${edges.join(' && ')})`, (inner) => {
      inner.bind(`${axis.name}#d`, at, axis.size);
      inner.bindAxes(axesAt(sides.rows, 'row'), inner.let(`top + ${row}`, 'at'));
      inner.bind(result, value);
      inner.stores(this.storesAt(stores, 'row', axis, 'd'));
    });
  }

  private storesAt(stores: readonly Store[], row: string, axis: Axis | null, place: string): readonly Store[] {
    const at = (expr: Expr): Expr => exprAt(exprAt(expr, this.sides.rows, row), axis ? [axis] : [], place);
    return stores.map(({ tensor, index, value }) => ({ tensor, index: index.map(at), value: at(value) }));
  }
}
