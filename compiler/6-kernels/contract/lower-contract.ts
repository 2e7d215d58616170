// Takes: a contract group and a target. Gives: its kernel part.
// Promises: one invocation sums one tile of m x n in registers, in the order of k: no barriers, the same bits every run.
import { variable } from '../../3-graph/expr-build.ts';
import type { Expr } from '../../3-graph/expr.ts';
import { substitute } from '../../3-graph/expr/walk.ts';
import type { Axis, ContractGroup, Program } from '../../5-optimize/groups.ts';
import type { Target } from '../../7-plan/plan.ts';
import type { KernelPart } from '../kernel.ts';
import { stripped } from '../wgsl/text.ts';
import { pointCount, storeExprs, touchedTensors } from '../wgsl/touched.ts';
import { WgslScope } from '../wgsl-expr.ts';

/** Rows and columns one invocation sums. */
interface Tile {
  readonly rows: number;
  readonly columns: number;
  /** Tiles down and across. */
  readonly down: number;
  readonly across: number;
}

/** Loads per multiply decide, so a tile is as large as registers allow: 32 sums, all accumulators together. */
function tileOf(group: ContractGroup): Tile {
  const [m, n] = [pointCount(group.m), pointCount(group.n)];
  const sums = Math.max(4, Math.floor(32 / group.accumulators.length));
  const rows = Math.min(m, n < 4 ? sums : 8);
  const columns = Math.max(1, Math.min(n, Math.floor(sums / rows), 8));
  return { rows, columns, down: Math.ceil(m / rows), across: Math.ceil(n / columns) };
}

export function lowerContract(program: Program, group: ContractGroup, target: Target): KernelPart {
  const operands = group.accumulators.flatMap(({ terms }) => terms.flatMap(({ a, b }) => [a, b]));
  const tile = tileOf(group);
  const workgroupSize = target.software ? 32 : 64;
  const tiles = pointCount(group.batch) * tile.down * tile.across;
  return {
    name: group.name,
    family: 'contract',
    tensors: touchedTensors(operands, group.stores),
    workgroupSize,
    workgroups: Math.ceil(tiles / workgroupSize),
    workgroupBytes: 0,
    print: (tensorName) => {
      const root = WgslScope.root(program, tensorName);
      root.line(`let t = wg * ${workgroupSize}u + lane;`);
      root.block(`if (t < ${tiles}u)`, (scope) => writeTile(scope, group, tile));
      return { declarations: '', body: root.lines.join('\n'), helpers: root.helpers() };
    },
  };
}

function writeTile(scope: WgslScope, group: ContractGroup, tile: Tile): void {
  const { rows, columns, down, across } = tile;
  const [m, n] = [pointCount(group.m), pointCount(group.n)];
  scope.line(`let batch_point = t / ${down * across}u;`, `let across = t % ${across}u;`);
  scope.line(`let down = t / ${across}u % ${down}u;`);
  scope.bindAxes(group.batch, 'batch_point');
  const copies = [...range(rows).map((i) => bindCopy(scope, group.m, `m${i}`, rowOf(i, rows, m)))];
  const others = [...range(columns).map((j) => bindCopy(scope, group.n, `n${j}`, columnOf(j, across, n)))];
  for (const [q, { terms }] of group.accumulators.entries()) {
    const first = group.accumulators[q - 1]?.terms;
    // Accumulators over the same k share one loop, written with the first of them.
    if (first && sameAxes(first, terms)) continue;
    const together = group.accumulators.slice(q).filter((each) => sameAxes(each.terms, terms));
    writeSums(scope, { group, copies, others, together });
  }
  writeStores(scope, group, tile);
}

/** Neighbouring rows belong to one tile; the last ones of a ragged edge are read again and not stored. */
const rowOf = (i: number, rows: number, m: number): string => clamp(`down * ${rows}u + ${i}u`, m % rows !== 0, m);

/** Neighbouring columns belong to neighbouring invocations, so that their loads lie side by side. */
const columnOf = (j: number, across: number, n: number): string =>
  clamp(`across + ${j * across}u`, (j + 1) * across > n, n);

const clamp = (point: string, ragged: boolean, size: number): string =>
  ragged ? `min(${point}, ${size - 1}u)` : point;

/** Declares a point of `axes` under names of its own; gives the change that makes an expression read there. */
function bindCopy(scope: WgslScope, axes: readonly Axis[], name: string, point: string): ReadonlyMap<string, Expr> {
  scope.line(`let ${name} = ${point};`);
  const copy = axes.map((axis) => ({ name: `${axis.name}@${name}`, size: axis.size }));
  scope.bindAxes(copy, name);
  return new Map(axes.map((axis) => [axis.name, variable(`${axis.name}@${name}`, 'i32')]));
}

type Accumulator = ContractGroup['accumulators'][number];

const sameAxes = (x: Accumulator['terms'], y: Accumulator['terms']): boolean =>
  x.length === y.length && x.every((term, i) => JSON.stringify(term.k) === JSON.stringify(y[i]?.k));

interface Sums {
  readonly group: ContractGroup;
  readonly copies: readonly ReadonlyMap<string, Expr>[];
  readonly others: readonly ReadonlyMap<string, Expr>[];
  readonly together: readonly Accumulator[];
}

function writeSums(scope: WgslScope, { group, copies, others, together }: Sums): void {
  const name = (accumulator: Accumulator, i: number, j: number): string =>
    `s${group.accumulators.indexOf(accumulator)}_${i}_${j}`;
  for (const accumulator of together) {
    for (const i of copies.keys()) {
      scope.line(...others.map((_, j) => `var ${name(accumulator, i, j)} = 0f;`));
    }
  }
  for (const [index, { k }] of (together[0]?.terms ?? []).entries()) {
    const operands = together.map(({ terms }) => ({
      a: copies.map((copy) => substitute(terms[index]?.a ?? zero, copy)),
      b: others.map((copy) => substitute(terms[index]?.b ?? zero, copy)),
    }));
    scope.share(operands.flatMap(({ a, b }) => [...a, ...b]));
    scope.block(`for (var k = 0u; k < ${pointCount(k)}u; k++)`, (loop) => {
      loop.bindAxes(k, 'k');
      for (const [q, { a, b }] of operands.entries()) {
        const accumulator = together[q];
        if (!accumulator) continue;
        const left = a.map((expr) => loop.value(expr));
        const right = b.map((expr) => loop.value(expr));
        left.forEach((x, i) =>
          right.forEach((y, j) => {
            const sum = name(accumulator, i, j);
            loop.line(`${sum} = fma(${x}, ${y}, ${sum});`);
          }),
        );
      }
    });
  }
}

const zero: Expr = { kind: 'const', value: 0, type: 'f32' };

/** The sums go into an array, so that what follows them is written once and not per element. */
function writeStores(scope: WgslScope, group: ContractGroup, { rows, columns, across }: Tile): void {
  const [m, n] = [pointCount(group.m), pointCount(group.n)];
  const count = rows * columns;
  for (const q of group.accumulators.keys()) {
    const sums = range(rows).flatMap((i) => range(columns).map((j) => `s${q}_${i}_${j}`));
    scope.line(`var tile${q} = array<f32, ${count}>(${sums.join(', ')});`);
  }
  scope.share(storeExprs(group.stores));
  scope.block(`for (var e = 0u; e < ${count}u; e++)`, (loop) => {
    loop.line(`let row = down * ${rows}u + e / ${columns}u;`, `let column = across + e % ${columns}u * ${across}u;`);
    const write = (inner: WgslScope): void => {
      inner.bindAxes(group.m, 'row');
      inner.bindAxes(group.n, 'column');
      for (const [q, { result }] of group.accumulators.entries()) {
        inner.line(`let sum${q} = tile${q}[e];`);
        inner.bind(result, `sum${q}`);
      }
      inner.stores(group.stores);
    };
    const edges = [...(m % rows === 0 ? [] : [`row < ${m}u`]), ...(columns * across === n ? [] : [`column < ${n}u`])];
    if (edges.length === 0) write(loop);
    else loop.block(`if (${stripped(edges.join(' && '))})`, write);
  });
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
