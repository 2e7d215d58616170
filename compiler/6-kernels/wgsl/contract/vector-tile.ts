// Takes: a contract group of few rows. Gives: its kernel: subgroups walk along k, 16 bytes a lane and load, many loads under way.
// Promises: partial sums are added in a tree of fixed shape: the same bits every run. At the bandwidth of the matrix.
import type { Expr } from '../../../3-graph/expr.ts';
import type { Axis, ContractGroup, Program } from '../../../5-optimize/groups.ts';
import { axesAt, count, exprAt, loopsOf, storesAt } from '../../analysis/contract-loops.ts';
import type { Loop } from '../../analysis/contract-loops.ts';
import { pointCount } from '../../analysis/touched.ts';
import type { WgslScope } from '../wgsl-scope.ts';
import { QUAD } from '../wide-load.ts';
import { clampedAt } from './tile-text.ts';
import { loadsOf, wideLoads } from './wide-loads.ts';
import type { Load, WideLoads } from './wide-loads.ts';

export interface VectorTile {
  readonly kind: 'vector';
  /** Of the result, per subgroup; its columns are side by side. */
  readonly rows: number;
  readonly columns: number;
  /** Groups of lanes side by side along n, and the lanes of one, which share the sums: whole subgroups. */
  readonly across: number;
  readonly along: number;
  /** Lanes of a subgroup. */
  readonly subgroup: number;
}

/** Steps of k that are written one after the other, so that their loads are under way together; and registers for what they load. */
const mostTogether = 8;
const mostLoads = 32;

const vectorTileLanes = (tile: VectorTile): number => tile.across * tile.along;

function vectorTileWorkgroups(group: ContractGroup, tile: VectorTile): number {
  const down = Math.ceil(pointCount(group.m) / tile.rows);
  return pointCount(group.batch) * down * Math.ceil(pointCount(group.n) / (tile.columns * tile.across));
}

/** The sums of every subgroup, where several share one. */
export const vectorTileFloats = (group: ContractGroup, tile: VectorTile): number =>
  tile.along === tile.subgroup ? 0 : (outputsOf(group, tile) * vectorTileLanes(tile)) / tile.subgroup;

const outputsOf = (group: ContractGroup, { rows, columns }: VectorTile): number =>
  group.accumulators.length * rows * columns;

const sumName = (index: number, i: number, j: number): string => `s${index}_${i}_${j}`;

export class VectorTileKernel {
  private readonly group: ContractGroup;
  private readonly tile: VectorTile;
  private readonly wide: WideLoads;
  private readonly memory: string;

  constructor(program: Program, group: ContractGroup, tile: VectorTile, prefix: string) {
    this.group = group;
    this.tile = tile;
    this.wide = wideLoads(program, group);
    this.memory = `${prefix}partial`;
  }

  /** Writes the body; gives the declarations. */
  write(root: WgslScope): string {
    this.writePlace(root);
    const sums = this.sums();
    root.line(sums.map((name) => `var ${name} = 0.0f;`).join(' '));
    for (const loop of loopsOf(this.group)) this.writeLoop(root, loop);
    this.writeTree(root, sums);
    this.writeEpilogue(root);
    const floats = vectorTileFloats(this.group, this.tile);
    return floats === 0 ? '' : `var<workgroup> ${this.memory}: array<f32, ${floats}>;`;
  }

  /** In the order of accumulators, rows, columns. */
  private sums(): readonly string[] {
    const { group, tile } = this;
    return [...group.accumulators.keys()].flatMap((index) =>
      count(tile.rows).flatMap((i) => count(tile.columns).map((j) => sumName(index, i, j))),
    );
  }

  private writePlace(root: WgslScope): void {
    const { group, tile } = this;
    const [m, n] = [pointCount(group.m), pointCount(group.n)];
    const width = tile.columns * tile.across;
    const [across, down] = [Math.ceil(n / width), Math.ceil(m / tile.rows)];
    root.line(
      `let batch = wg / ${across * down}u;`,
      `let top = wg / ${across}u % ${down}u * ${tile.rows}u;`,
      `let lane_n = lane / ${tile.along}u;`,
      `let lane_k = lane % ${tile.along}u;`,
      `let left = wg % ${across}u * ${width}u + lane_n * ${tile.columns}u;`,
    );
    root.bindAxes(group.batch, 'batch');
    for (const i of count(tile.rows)) {
      root.line(`let row${i} = ${clampedAt('top', i, m, tile.rows)};`);
      root.bindAxes(axesAt(group.m, `r${i}`), `row${i}`);
    }
    for (const j of count(tile.columns)) {
      root.line(`let column${j} = ${clampedAt('left', j, n, width)};`);
      root.bindAxes(axesAt(group.n, `c${j}`), `column${j}`);
    }
  }

  /** Lanes take `vector` neighbours of k each, side by side. */
  private writeLoop(root: WgslScope, loop: Loop): void {
    const { along } = this.tile;
    const steps = pointCount(loop.k) / this.wide.vector;
    const each = Math.floor(steps / along);
    const together = Math.max(1, Math.min(mostTogether, each, Math.floor(mostLoads / this.loadsOfStep(loop))));
    const rounds = Math.floor(each / together);
    if (rounds > 1) {
      const k = root.fresh('k');
      const last = rounds * together * along;
      root.block(`for (var ${k} = lane_k; ${k} < ${last}u; ${k} += ${together * along}u)`, (scope) =>
        this.writeSteps(scope, loop, k, 0, together),
      );
    } else if (each > 0) this.writeSteps(root, loop, 'lane_k', 0, together);
    const done = rounds * together;
    if (each > done) this.writeSteps(root, loop, 'lane_k', done, each - done);
    if (each * along === steps) return;
    root.block(`if (lane_k < ${steps - each * along}u)`, (scope) => this.writeSteps(scope, loop, 'lane_k', each, 1));
  }

  /** Of 16 bytes. */
  private loadsOfStep(loop: Loop): number {
    const { wide, tile } = this;
    const each = loadsOf(loop).map((load) => (wide.forms.has(load) && load.type !== 'f16' ? wide.vector / QUAD : 1));
    return Math.max(1, each.reduce((sum, size) => sum + size, 0) * tile.columns);
  }

  /** Steps first .. first + size - 1 from `k` on: all loads, then all sums. */
  private writeSteps(scope: WgslScope, loop: Loop, k: string, first: number, size: number): void {
    const { tile, wide } = this;
    const tags = count(size).map((step) => {
      const tag = scope.fresh('e', true);
      const at = first + step === 0 ? k : scope.let(`${k} + ${(first + step) * tile.along}u`, 'at');
      this.bindStep(scope, loop.k, tag, at);
      for (const load of loadsOf(loop)) this.writeLoad(scope, loop.k, load, tag);
      return tag;
    });
    for (const tag of tags)
      for (const u of count(wide.vector))
        for (const { accumulator, a, b } of loop.products)
          for (const i of count(tile.rows)) {
            const at = (expr: Expr): Expr => exprAt(exprAt(expr, loop.k, `${tag}u${u}`), this.group.m, `r${i}`);
            for (const j of count(tile.columns)) {
              const sum = sumName(accumulator, i, j);
              const [row, column] = [at(a), exprAt(at(b), this.group.n, `c${j}`)].map((expr) =>
                scope.isNamed(expr) ? scope.expr(expr) : scope.value(expr),
              );
              scope.line(`${sum} = fma(${row}, ${column}, ${sum});`);
            }
          }
  }

  /** `k#tag`: steps of `vector`; `k#tagq0`, ..: of 4, where a step has two; `k#tagu0`, ..: of 1. */
  private bindStep(scope: WgslScope, k: readonly Axis[], tag: string, at: string): void {
    const { vector } = this.wide;
    const last = k.at(-1);
    if (last === undefined) return;
    const steps = k.map((axis) => (axis === last ? { ...axis, size: axis.size / vector } : axis));
    scope.bindAxes(axesAt(steps, tag), at);
    const nameAt = (axis: Axis, place: string): string => `${axis.name}#${place}`;
    const text = (axis: Axis): string => scope.expr({ kind: 'var', name: nameAt(axis, tag), type: 'i32' });
    const parts = [
      ...count(vector).map((u) => ({ place: `${tag}u${u}`, size: 1, u })),
      ...count(vector / QUAD).map((u) => ({ place: `${tag}q${u}`, size: QUAD, u })),
    ];
    for (const { place, size, u } of parts)
      for (const axis of k) {
        const whole = axis !== last || vector === size;
        scope.bind(nameAt(axis, place), whole ? text(axis) : `(${text(axis)} * ${vector / size} + ${u})`, axis.size);
      }
  }

  /** One load of 16 bytes, or two, for the rows and columns it is seen from. */
  private writeLoad(scope: WgslScope, k: readonly Axis[], load: Load, tag: string): void {
    const { group, tile, wide } = this;
    const form = wide.forms.get(load);
    if (form === undefined) return;
    const isHalf = load.type === 'f16';
    const held = isHalf ? 2 * QUAD : QUAD;
    for (const i of count(tile.rows))
      for (const j of count(tile.columns)) {
        const at = (expr: Expr, place: string): Expr =>
          exprAt(exprAt(exprAt(expr, k, place), group.m, `r${i}`), group.n, `c${j}`);
        if (scope.isNamed(at(load, `${tag}u0`))) continue;
        for (const q of count(wide.vector / held)) {
          const place = isHalf ? tag : `${tag}q${q}`;
          const terms = form.terms.map(({ atom, coefficient }) => ({ atom: at(atom, place), coefficient }));
          const loaded = scope.let(scope.quad(load.tensor, { constant: form.constant, terms }), 'w');
          for (const u of count(held)) scope.name(at(load, `${tag}u${q * held + u}`), partText(loaded, u, isHalf));
        }
      }
  }

  /** Sums of a subgroup by halves; where several share an output, through memory[output][subgroup]. */
  private writeTree(root: WgslScope, sums: readonly string[]): void {
    const { tile, memory } = this;
    for (let half = tile.subgroup / 2; half >= 1; half /= 2)
      root.line(sums.map((name) => `${name} += subgroupShuffleXor(${name}, ${half}u);`).join(' '));
    const share = tile.along / tile.subgroup;
    if (share === 1) return;
    const all = vectorTileLanes(tile) / tile.subgroup;
    root.block(`if (lane % ${tile.subgroup}u == 0u)`, (scope) => {
      for (const [o, name] of sums.entries())
        scope.line(`${memory}[${o * all}u + lane / ${tile.subgroup}u] = ${name};`);
    });
    root.line('workgroupBarrier();');
    for (const [o, name] of sums.entries()) {
      const parts = count(share).map((part) => `${memory}[${o * all}u + lane_n * ${share}u + ${part}u]`);
      root.line(`${name} = ${parts.join(' + ')};`);
    }
  }

  /** Every output by a lane of its own; all lanes hold all sums. */
  private writeEpilogue(root: WgslScope): void {
    const { group, tile } = this;
    const [m, n] = [pointCount(group.m), pointCount(group.n)];
    for (const i of count(tile.rows))
      for (const j of count(tile.columns)) {
        const lane = (i * tile.columns + j) % tile.along;
        root.block(`if (lane_k == ${lane}u && ${inside('top', i, m)} && ${inside('left', j, n)})`, (scope) => {
          for (const [index, { result }] of group.accumulators.entries()) scope.bind(result, sumName(index, i, j));
          scope.stores(storesAt(group, `r${i}`, `c${j}`));
        });
      }
  }
}

const inside = (first: string, step: number, size: number): string => `${first} + ${step}u < ${size}u`;

function partText(loaded: string, u: number, isHalf: boolean): string {
  const lane = (i: number): string => 'xyzw'.charAt(i);
  return isHalf ? `bitcast<vec2<f16>>(${loaded}.${lane(u >> 1)}).${lane(u & 1)}` : `${loaded}.${lane(u)}`;
}

/** As `lower-contract.ts` wants it. */
export const vectorKind = {
  isBrief: true,
  lanes: vectorTileLanes,
  workgroups: vectorTileWorkgroups,
  floats: vectorTileFloats,
  wide: (program: Program, group: ContractGroup): readonly number[] => wideLoads(program, group).tensors,
  write: (root: WgslScope, group: ContractGroup, tile: VectorTile, prefix: string, program: Program): string =>
    new VectorTileKernel(program, group, tile, prefix).write(root),
};
