// Takes: forward attention of few rows over many keys. Gives: its kernel: a workgroup per key head, a key per lane.
// Promises: every sum in a fixed order; the loop over keys ends where the mask and the position of the queries say.
import { select } from '../../../3-graph/expr-build.ts';
import type { Expr } from '../../../3-graph/expr.ts';
import type { Axis, Store } from '../../../5-optimize/groups.ts';
import { axesAt, count, exprAt } from '../../analysis/contract-loops.ts';
import { pointCount } from '../../analysis/touched.ts';
import type { WgslScope } from '../wgsl-scope.ts';
import { pairAt } from '../../analysis/attention-rows.ts';
import { bindPosition, writeRange } from './row-span.ts';
import { UNSEEN } from '../../analysis/attention-sides.ts';
import type { Sides } from '../../analysis/attention-sides.ts';
import { opaque } from '../contract/tile-text.ts';

export interface DecodeTile {
  /** A power of two. */
  readonly lanes: number;
}

/** Steps written out one after the other, so that their loads are under way together. */
const TOGETHER = 4;

export const decodeTileFloats = (sides: Sides, { lanes }: DecodeTile): number =>
  pointCount(sides.rows) * ((sides.products[0]?.axis.size ?? 0) + lanes) + 2;

export class DecodeTileKernel {
  private readonly sides: Sides;
  private readonly lanes: number;
  private readonly rows: readonly number[];
  private readonly q: string;
  private readonly p: string;
  private readonly range: string;
  /** Lanes side by side along the values' depth; `splits` share its sum. */
  private readonly width: number;
  private readonly splits: number;

  constructor(sides: Sides, { lanes }: DecodeTile, prefix: string) {
    this.sides = sides;
    this.lanes = lanes;
    this.rows = count(pointCount(sides.rows));
    [this.q, this.p, this.range] = [`${prefix}q`, `${prefix}p`, `${prefix}range`];
    const depth = sides.sums[0]?.axis.size ?? 1;
    this.width = Math.min(lanes, Math.max(TOGETHER, 2 ** Math.ceil(Math.log2(depth))));
    this.splits = lanes / this.width;
  }

  /** Writes the body; gives the declarations. */
  write(root: WgslScope): string {
    this.writePlace(root);
    this.writeQueries(root);
    for (const r of this.rows) root.line(`var top_${r} = ${UNSEEN}f; var total_${r} = 0.0f; var out_${r} = 0.0f;`);
    root.block(`for (var c = range.x; c < range.y; c += ${this.lanes})`, (scope) => {
      this.writeScores(scope);
      this.writeSoftmax(scope);
      this.writeValues(scope);
    });
    this.writeEpilogue(root);
    const depth = this.product().axis.size;
    return [
      `var<workgroup> ${this.range}: vec2i;`,
      `var<workgroup> ${this.q}: array<f32, ${this.rows.length * depth}>;`,
      `var<workgroup> ${this.p}: array<f32, ${this.rows.length * this.lanes}>;`,
    ].join('\n');
  }

  private product(): Sides['products'][number] {
    const [product] = this.sides.products;
    return product as Sides['products'][number];
  }

  private sum(): Sides['sums'][number] {
    const [sum] = this.sides.sums;
    return sum as Sides['sums'][number];
  }

  private writePlace(root: WgslScope): void {
    const { sides } = this;
    root.line('let top = 0u;');
    root.bindAxes(sides.group.batch, 'wg');
    root.bindAxes(sides.outer, '0u');
    root.value(sides.group.offset);
    for (const r of this.rows) {
      root.line(`let row${r} = ${r}u;`);
      root.bindAxes(axesAt(sides.rows, `r${r}`), `row${r}`);
      bindPosition(root, sides, sides.group.query, `r${r}`);
    }
    writeRange(root, sides, this.rows.length);
    root.line(`if (lane == 0u) { ${this.range} = vec2i(first, end); }`, `let range = workgroupUniformLoad(&${this.range});`); // prettier-ignore
  }

  private writeQueries(root: WgslScope): void {
    const { axis, row } = this.product();
    const size = this.rows.length * axis.size;
    root.block(`for (var e = lane; e < u32(${opaque(size)}); e += ${this.lanes}u)`, (scope) => {
      scope.bindAxes([...axesAt(this.sides.rows, 'in'), ...axesAt([axis], 'in')], 'e');
      scope.line(`${this.q}[e] = ${scope.value(exprAt(exprAt(row, this.sides.rows, 'in'), [axis], 'in'))};`);
    });
    root.line('workgroupBarrier();');
  }

  /** Every lane the products of its own key with all rows. */
  private writeScores(scope: WgslScope): void {
    const { sides } = this;
    const { name, axis, column } = this.product();
    const place = scope.let('c + i32(lane)', 'place');
    scope.bind('place#own', place);
    scope.bind(`${sides.column.name}#own`, scope.let(`min(${place}, ${sides.column.size - 1})`, 'own'), sides.column.size); // prettier-ignore
    bindPosition(scope, sides, sides.column, 'own');
    scope.line(this.rows.map((r) => `var ${name}_${r} = 0.0f;`).join(' '));
    const together = axis.size % TOGETHER === 0 ? TOGETHER : 1;
    scope.block(`for (var d = 0; d < ${opaque(axis.size)}; d += ${together})`, (inner) => {
      const loads = count(together).map((u) => {
        inner.bind(`${axis.name}#u${u}`, inner.let(`d + ${u}`, 'at'), axis.size);
        return inner.value(exprAt(exprAt(column, [sides.column], 'own'), [axis], `u${u}`));
      });
      for (const [u, load] of loads.entries())
        for (const r of this.rows) inner.line(`${name}_${r} = fma(${this.q}[${r * axis.size + u} + d], ${load}, ${name}_${r});`); // prettier-ignore
    });
    for (const r of this.rows) scope.bind(`${name}#r${r}own`, `${name}_${r}`);
  }

  /** Maximum of every row by a tree, then p[row][key] against it. */
  private writeSoftmax(scope: WgslScope): void {
    const { sides, lanes, p } = this;
    const { weights } = sides;
    if (weights.kind !== 'softmax') return;
    const pair = (expr: Expr, r: number): string => scope.value(pairAt(expr, sides, `r${r}`, 'own'));
    for (const r of this.rows) {
      scope.line(`let seen_${r} = ${pair(select(weights.seen, weights.score, UNSEEN), r)};`);
      scope.line(`${p}[${r * lanes}u + lane] = seen_${r};`);
    }
    this.writeTree(scope, (x, y) => `max(${x}, ${y})`);
    for (const r of this.rows) {
      scope.line(`let higher${r} = max(top_${r}, ${p}[${r * lanes}]);`, `let shrink${r} = exp(top_${r} - higher${r});`);
      scope.line(`let p${r} = select(0.0f, exp(seen_${r} - higher${r}), ${pair(weights.seen, r)});`);
      scope.line(`total_${r} = fma(total_${r}, shrink${r}, p${r});`, `out_${r} *= shrink${r};`, `top_${r} = higher${r};`); // prettier-ignore
    }
    scope.line('workgroupBarrier();');
    for (const r of this.rows)
      scope.line(`${p}[${r * lanes}u + lane] = p${r}${weights.factor ? ` * ${pair(weights.factor, r)}` : ''};`);
    scope.line('workgroupBarrier();');
  }

  /** p[row][0] = all of p[row] together. */
  private writeTree(scope: WgslScope, combine: (x: string, y: string) => string): void {
    const { lanes, p } = this;
    scope.line('workgroupBarrier();');
    scope.block(`for (var half = u32(${opaque(lanes / 2)}); half > 0u; half /= 2u)`, (inner) => {
      inner.block('if (lane < half)', (low) => {
        for (const r of this.rows) {
          const [x, y] = [`${p}[${r * lanes}u + lane]`, `${p}[${r * lanes}u + lane + half]`];
          low.line(`${x} = ${combine(x, y)};`);
        }
      });
      inner.line('workgroupBarrier();');
    });
  }

  /** A lane's share of the keys, for its place along the depth of values. Beyond the last key p is 0. */
  private writeValues(scope: WgslScope): void {
    const { sides, lanes, p, splits } = this;
    const { axis, column } = this.sum();
    const split = scope.let(`lane / ${this.width}u`, 'split');
    scope.bind(`${axis.name}#own`, scope.let(`min(i32(lane % ${this.width}u), ${axis.size - 1})`, 'd'), axis.size);
    const keys = scope.let(`u32(min(${lanes}, range.y - c))`, 'keys');
    scope.block(`for (var q = ${split}; q < ${keys}; q += ${TOGETHER * splits}u)`, (inner) => {
      const loads = count(TOGETHER).map((u) => {
        const place = `c + i32(q + ${u * splits}u)`;
        inner.bind(`${sides.column.name}#u${u}`, inner.let(`min(${place}, ${sides.column.size - 1})`, 'at'), sides.column.size); // prettier-ignore
        return inner.value(exprAt(exprAt(column, [sides.column], `u${u}`), [axis], 'own'));
      });
      for (const [u, load] of loads.entries())
        for (const r of this.rows) inner.line(`out_${r} = fma(${p}[${r * lanes + u * splits}u + q], ${load}, out_${r});`); // prettier-ignore
    });
    scope.line('workgroupBarrier();');
  }

  private writeEpilogue(root: WgslScope): void {
    const { sides, lanes, p } = this;
    const { group } = sides;
    const { axis, result, stores } = this.sum();
    for (const r of this.rows) root.line(`${p}[${r * lanes}u + lane] = total_${r};`);
    this.writeTree(root, (x, y) => `${x} + ${y}`);
    for (const r of this.rows) {
      root.line(`let sum${r} = ${p}[${r * lanes}];`);
      root.line(`let share${r} = select(0.0f, 1.0f / sum${r}, sum${r} > 0.0f);`);
      root.line(`let lse${r} = select(${UNSEEN}f, top_${r} + log(sum${r}), sum${r} > 0.0f);`);
    }
    root.line('workgroupBarrier();');
    for (const r of this.rows) root.line(`${p}[${r * lanes}u + lane] = out_${r};`);
    root.line('workgroupBarrier();');
    root.bind(`${axis.name}#own`, root.let('i32(lane)', 'd'), axis.size);
    root.block(`if (lane < ${axis.size}u)`, (scope) => {
      for (const r of this.rows) {
        scope.line(`var all${r} = 0.0f;`);
        scope.block(`for (var j = lane; j < u32(${opaque(lanes)}); j += ${this.width}u)`, (each) => each.line(`all${r} += ${p}[${r * lanes}u + j];`)); // prettier-ignore
        scope.bind(result, scope.let(`all${r} * share${r}`, 'x'));
        scope.stores(this.storesAt(stores, r, axis));
      }
    });
    if (group.kind !== 'attention' || group.lseStores.length === 0) return;
    root.block('if (lane == 0u)', (scope) => {
      for (const r of this.rows) {
        scope.bind('lse', `lse${r}`);
        scope.stores(this.storesAt(group.lseStores, r, null));
      }
    });
  }

  private storesAt(stores: readonly Store[], row: number, axis: Axis | null): readonly Store[] {
    const at = (expr: Expr): Expr => exprAt(exprAt(expr, this.sides.rows, `r${row}`), axis ? [axis] : [], 'own');
    return stores.map(({ tensor, index, value }) => ({ tensor, index: index.map(at), value: at(value) }));
  }
}
