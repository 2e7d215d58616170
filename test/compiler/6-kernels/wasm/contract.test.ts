import { describe, expect, test } from 'vitest';
import * as e from '../../../../compiler/3-graph/expr-build.ts';
import type { Expr } from '../../../../compiler/3-graph/expr.ts';
import type { Axis, ContractGroup, Program } from '../../../../compiler/5-optimize/groups.ts';
import { lowerContract } from '../../../../compiler/6-kernels/wasm/contract/lower-contract.ts';
import { lowerGroupToWasm } from '../../../../compiler/6-kernels/wasm/lower-group.ts';
import type { ContractSchedule } from '../../../../compiler/6-kernels/wasm/contract/lower-contract.ts';
import { gatedUnit, layouts, product2, residualSum, shape } from '../../../device/contract-programs.ts';
import type { Case, Layout } from '../../../device/contract-programs.ts';
import { at, axis, element, numbers, program } from '../../../device/programs.ts';
import { expectOracle } from './expect-oracle.ts';
import { relaxedTarget, runOnWasm } from './run-program.ts';
import type { WasmRunOptions } from './run-program.ts';

const fine = { relative: 1e-5, absolute: 2e-5 };

/** Small tiles of every kind: the same code as large ones. */
const schedules: readonly ContractSchedule[] = [
  'few rows',
  { rows: 4, columns: 16, depth: 8, kept: true },
  { rows: 12, columns: 32, depth: 12, kept: false },
];

/** The schedule a group gets, and others. */
function match({ program, values }: Case, tolerance = fine): void {
  expectOracle(program, values, tolerance);
  for (const schedule of schedules) {
    const lower: WasmRunOptions['lower'] = (p, group, target) =>
      group.kind === 'contract' ? lowerContract(p, group, target, schedule) : lowerGroupToWasm(p, group, target);
    expectOracle(program, values, tolerance, { lower });
  }
}

describe('plain products', () => {
  test.each([
    [1, 1, 1],
    [1, 64, 96],
    [3, 5, 7],
    [2, 100, 300],
    [8, 8, 8],
    [17, 33, 12],
    [64, 48, 40],
    [100, 3, 65],
    [50, 8, 33],
    [51, 9, 12],
    [65, 130, 16],
    [16, 24, 700],
  ])('%i x %i over %i', (m, n, k) => match(product2(shape(m, n, k))));

  const names = Object.keys(layouts) as Layout[];
  test.each(names.flatMap((a) => names.map((b) => [a, b] as const)))('a as %s, b as %s', (a, b) =>
    match(product2({ batch: [axis('batch', 3)], m: [axis('m', 19)], n: [axis('n', 21)], k: [axis('k', 26)] }, a, b)),
  );

  test.each([
    [2, 9, 3, 6, 5, 4],
    [1, 16, 1, 16, 2, 8],
  ])('several axes each: batch %i, m %i x %i, n %i, k %i x %i', (batch, m1, m2, n, k1, k2) => {
    const parts = { batch: [axis('batch', batch)], m: [axis('m1', m1), axis('m2', m2)], n: [axis('n', n), axis('n2', 2)], k: [axis('k1', k1), axis('k2', k2)] }; // prettier-ignore
    for (const a of names) for (const b of names) match(product2(parts, a, b));
  });
});

describe('fused products', () => {
  test.each([
    [5, 7, 9],
    [24, 40, 32],
    [1, 64, 32],
    [65, 66, 24],
  ])('gate and up projections, %i x %i over %i', (m, n, k) => match(gatedUnit(m, n, k)));

  test.each([
    [9, 10, 3, 4, 5],
    [16, 32, 2, 16, 24],
    [1, 40, 2, 8, 16],
    [70, 66, 2, 12, 40],
  ])('residual of two products with a bias, %i x %i', (m, n, heads, depth, k) =>
    match(residualSum(m, n, heads, depth, k)),
  );
});

describe('operands that are read otherwise', () => {
  const [m, n, k] = [axis('m', 37), axis('n', 22), axis('k', 45)];
  const contract = (a: Expr, b: Expr): ContractGroup => ({
    kind: 'contract', name: 'other', batch: [], m: [m], n: [n],
    accumulators: [{ result: 's', terms: [{ k: [k], a, b }] }],
    stores: [{ tensor: 2, index: [at('m'), at('n')], value: e.variable('s', 'f32') }],
  }); // prettier-ignore
  const values = (
    made: Program,
    more: Readonly<Record<string, ArrayLike<number>>> = {},
  ): ReadonlyMap<string, ArrayLike<number>> => {
    const inputs = made.tensors.filter(({ role }) => role === 'input');
    return new Map(
      inputs.map(({ name, dims }, i) => [
        name,
        more[name] ??
          numbers(
            dims.reduce((size, dim) => size * dim.size, 1),
            i + 1,
          ),
      ]),
    );
  };

  test('rows of a table by number', () => {
    const [rows, index] = [axis('rows', 9), element(3, [m], 'i32')];
    const a = e.load(0, [index, at('k')], 'f32');
    const made = program([['a', 'input', [rows, k]], ['b', 'input', [n, k]], ['c', 'output', [m, n]], ['which', 'input', [m], 'i32']], contract(a, element(1, [n, k]))); // prettier-ignore
    match({ program: made, values: values(made, { which: Array.from({ length: 37 }, (_, i) => (7 * i) % 9) }) });
  });

  test('columns one after the other and backwards, with dropout', () => {
    const counter = e.add(e.mul(at('m'), k.size), at('k'));
    const kept = e.select(e.lt(e.random(e.constant(5, 'u32'), 3, counter), 0.25), 0, e.constant(4 / 3, 'f32'));
    const a = e.mul(element(0, [k, m]), kept);
    const b = e.load(1, [e.sub(e.constant(21, 'i32'), at('n')), at('k')], 'f32');
    const made = program(
      [
        ['a', 'input', [k, m]],
        ['b', 'input', [n, k]],
        ['c', 'output', [m, n]],
      ],
      contract(a, b),
    );
    match({ program: made, values: values(made) });
  });

  test('half precision', () => {
    const half = (tensor: number, axes: readonly Axis[]): Expr => e.cast(element(tensor, axes, 'f16'), 'f32');
    const made = program([['a', 'input', [m, k], 'f16'], ['b', 'input', [k, n], 'f16'], ['c', 'output', [m, n]]], contract(half(0, [m, k]), half(1, [k, n]))); // prettier-ignore
    match({ program: made, values: values(made) });
  });
});

test('many steps of k, in blocks', () =>
  match(product2(shape(34, 37, 2100), 'km', 'mk'), { relative: 1e-5, absolute: 1e-4 }));

test('tiles for any number of threads give the same bits', () => {
  const made = product2(shape(70, 90, 1200), 'km', 'mk');
  const bits = (threads: number): Buffer => {
    const found = runOnWasm(made.program, made.values, { target: { ...relaxedTarget, threads } }).get('c');
    return Buffer.from(found?.buffer ?? new ArrayBuffer(0));
  };
  const one = bits(1);
  for (const threads of [2, 8, 64]) expect(bits(threads).equals(one), `${threads} threads`).toBe(true);
});
