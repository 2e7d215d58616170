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
    this.overColumns(root);
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
    const bind: BindPlace = (scope, place, at) => bindRow(scope, this.sides, place, `top + ${at}`);
    for (const staged of layout.rows.get(name) ?? []) {
      root.block('', (scope) => this.stage.write(scope, staged, tile.rows, bind, 'r'));
      root.line('workgroupBarrier();');
      for (const i of count(layout.rowParts))
        for (const k of count(staged.octets / HALVES)) {
          const matrix = this.load(LEFT, 'row_major', staged.region, this.downTo(i), k * HALVES);
          root.line(`let row_${name}_${i}_${staged.first / HALVES + k} = ${matrix};`);
        }
      root.line('workgroupBarrier();');
    }
  }

  private downTo(i: number): string {
    const first = `down * ${this.layout.rowParts * SIDE}u`;
    return i === 0 ? first : `(${first} + ${i * SIDE}u)`;
  }

  private load(type: string, order: string, { base, stride }: Region, row: string, column: number | string): string {
    return `subgroupMatrixLoad<${type}, ${order}>(&${this.memory}, ${base}u + ${row} * ${stride}u + ${column}${typeof column === 'number' ? 'u' : ''}, ${stride}u)`; // prettier-ignore
  }

  private overColumns(root: WgslScope): void {
    const { sides, layout, tile } = this;
    const columns = (scope: WgslScope): void => {
      for (const operand of layout.columns)
        this.fetchAhead(scope, operand, 'range.x', 'first').forEach(({ value }, i) => scope.line(`var ahead_${operand.name}_${i} = ${value};`)); // prettier-ignore
      this.weights.fetchStats(scope, 'range.x', 'firststat').forEach(({ value }, i) => scope.line(`var ahead_stat_${i} = ${value};`)); // prettier-ignore
      scope.block(`for (var c = range.x; c < range.y; c += ${tile.columns})`, (inner) => this.writeBlock(inner));
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

  /** What a lane loads of an operand before it is needed. */
  private fetchAhead(scope: WgslScope, operand: Staged, first: string, tag: string): readonly Fetched[] {
    const { tile } = this;
    if (!tile.ahead || !this.stage.even(operand, tile.columns)) return [];
    return this.stage.fetch(scope, operand, tile.columns, this.bindAt(first), tag);
  }

  /** Writes the columns from `c` on of some operands. */
  private stageColumns(scope: WgslScope, late: boolean): void {
    const { tile, layout } = this;
    for (const operand of layout.columns.filter((one) => one.late === late)) {
      const fetched = this.fetchAhead(scope, operand, 'next', 'next');
      const held = fetched.map(({ to }, i) => ({ to, value: `ahead_${operand.name}_${i}` }));
      if (held.length > 0) this.stage.store(scope, held);
      else this.stage.write(scope, operand, tile.columns, this.bindAt('c'), 'now');
    }
  }

  /** Loads the columns after those: their names are there, as `stageColumns` was. */
  private loadAhead(scope: WgslScope, late: boolean): void {
    for (const operand of this.layout.columns.filter((one) => one.late === late))
      this.fetchAhead(scope, operand, 'next', 'next').forEach(({ value }, i) => scope.line(`ahead_${operand.name}_${i} = ${value};`)); // prettier-ignore
  }

  private writeBlock(scope: WgslScope): void {
    const { sides, tile } = this;
    scope.line(`let next = c + ${tile.columns};`);
    this.stageColumns(scope, false);
    const stats = this.weights.fetchStats(scope, 'next', 'nextstat');
    if (stats.length > 0)
      scope.block(`if (lane < ${tile.columns}u)`, (inner) =>
        stats.forEach(({ to }, i) => inner.line(`${to} = ahead_stat_${i};`)),
      );
    scope.line('workgroupBarrier();');
    this.loadAhead(scope, false);
    stats.forEach(({ value }, i) => scope.line(`ahead_stat_${i} = ${value};`));
    const [first, ...others] = sides.products;
    if (first) this.writeProduct(scope, first);
    if (!tile.turns) for (const product of others) this.writeProduct(scope, product);
    scope.line('workgroupBarrier();', `let whole = ${this.wholeText(scope)};`);
    this.stageColumns(scope, true);
    this.loadAhead(scope, true);
    this.weights.write(
      scope,
      (inner) => this.writeShrink(inner),
      () => {
        if (!tile.turns) return;
        scope.line('workgroupBarrier();');
        for (const product of others) this.writeProduct(scope, product);
        scope.line('workgroupBarrier();');
      },
    );
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
