import { describe, test } from 'vitest';
import * as e from '../../compiler/3-graph/expr-build.ts';
import type { Expr } from '../../compiler/3-graph/expr.ts';
import type { Axis, Program, RowGroup, Store } from '../../compiler/5-optimize/groups.ts';
import { lowerRow } from '../../compiler/6-kernels/wgsl/lower-row.ts';
import { expectMatch, useDevice } from './harness.ts';
import { at, axis, element, numbers, program } from './programs.ts';

const device = useDevice();

const indices = (axes: readonly Axis[]): Expr[] => axes.map((one) => at(one.name));
const f32 = (name: string): Expr => e.variable(name, 'f32');
const store = (tensor: number, axes: readonly Axis[], value: Expr): Store => ({ tensor, index: indices(axes), value });

/** Every schedule: as the device wants it, and what the other kind of device would get, with whole and ragged blocks. */
const schedules = [
  { workgroup: 64, rows: 64, across: false },
  { workgroup: 64, rows: 1, across: false },
  { workgroup: 256, rows: 1, across: false },
  { workgroup: 64, rows: 8, across: false },
  { workgroup: 64, rows: 16, across: true },
  { workgroup: 64, rows: 32, across: true },
];

async function matchOnAll(p: Program, values: Map<string, ArrayLike<number>>, relative = 2e-6, absolute = 1e-6) {
  const tolerance = { relative, absolute };
  await expectMatch(device(), p, values, tolerance);
  await expectMatch(device(), p, values, tolerance, { software: false });
  for (const schedule of schedules)
    await expectMatch(device(), p, values, tolerance, {
      lower: (program, group, target) => lowerRow(program, group as RowGroup, target, schedule),
    });
}

const shapes: readonly (readonly [number, number])[] = [[1, 1], [3, 7], [65, 3], [7, 65], [2, 1000], [130, 64]]; // prettier-ignore

const softmax = (rows: number, length: number): Program => {
  const [axes, row] = [[axis('r', rows)], [axis('c', length)]];
  const all = [...axes, ...row];
  const shifted = e.exp(e.sub(element(0, all), f32('top')));
  return program(
    [['x', 'input', all], ['p', 'output', all], ['lse', 'output', axes]],
    {
      kind: 'row', name: 'softmax', axes, row,
      reductions: [
        { result: 'top', fn: 'max', value: element(0, all) },
        { result: 'total', fn: 'sum', value: shifted },
      ],
      rowStores: [store(2, axes, e.add(f32('top'), e.log(f32('total'))))],
      elementStores: [store(1, all, e.div(shifted, f32('total')))],
    },
  ); // prettier-ignore
};

describe('softmax, two stages and element stores', () => {
  test.each(shapes)('[%i, %i]', async (rows, length) => {
    const x = numbers(rows * length).map((value) => value * 20);
    await matchOnAll(softmax(rows, length), new Map([['x', x]]), 1e-5);
  });
  test.each([-3e38, 3e38, 0])('a row of %d', async (value) => {
    await matchOnAll(softmax(2, 65), new Map([['x', new Float32Array(130).fill(value)]]));
  });
});

describe('layer norm with gain, in place', () => {
  test.each(shapes)('[%i, %i]', async (rows, length) => {
    const [axes, row] = [[axis('r', rows)], [axis('c', length)]];
    const all = [...axes, ...row];
    const centred = e.sub(element(0, all), e.mul(f32('sum'), 1 / length));
    const scale = e.rsqrt(e.add(e.mul(f32('squares'), 1 / length), 1e-5));
    const p = program(
      [['x', 'state', all], ['gain', 'parameter', row], ['scale', 'output', axes]],
      {
        kind: 'row', name: 'norm', axes, row,
        reductions: [
          { result: 'sum', fn: 'sum', value: element(0, all) },
          { result: 'squares', fn: 'sum', value: e.mul(centred, centred) },
        ],
        rowStores: [store(2, axes, scale)],
        elementStores: [store(0, all, e.mul(e.mul(centred, scale), element(1, row)))],
      },
    ); // prettier-ignore
    const values = new Map([['x', numbers(rows * length)], ['gain', numbers(length, 2)]]); // prettier-ignore
    await matchOnAll(p, values, 1e-5, 1e-5);
  });
});

describe('sums over the leading axes, two at once, added in place', () => {
  test.each(shapes)('[2, %i] -> [%i]', async (length, columns) => {
    const axes = [axis('c', columns)];
    const row = [axis('b', 2), axis('s', length)];
    const [x, y] = [element(0, [...row, ...axes]), element(1, [...row, ...axes])];
    const p = program(
      [['x', 'input', [...row, ...axes]], ['y', 'input', [...row, ...axes]], ['grad', 'state', axes], ['most', 'output', axes]],
      {
        kind: 'row', name: 'gain', axes, row,
        reductions: [{ result: 'dot', fn: 'sum', value: e.mul(x, y) }, { result: 'top', fn: 'max', value: y }],
        rowStores: [store(2, axes, e.add(element(2, axes), f32('dot'))), store(3, axes, f32('top'))],
        elementStores: [],
      },
    ); // prettier-ignore
    const size = 2 * length * columns;
    const values = new Map([['x', numbers(size)], ['y', numbers(size, 2)], ['grad', numbers(columns, 3)]]); // prettier-ignore
    // The sum's terms are below 1: its error is at most length * 2^-24 of their number.
    await matchOnAll(p, values, 1e-6, 2 * length * 2 ** -22);
  });
});

test('cross-entropy: a label picks its logit, ignored labels count as 0; the gradient in the same group', async () => {
  const [axes, row] = [[axis('b', 3), axis('s', 5)], [axis('v', 77)]];
  const all = [...axes, ...row];
  const label = element(1, axes, 'i32');
  const kept = e.not(e.eq(label, -100));
  const picked = e.load(0, [...indices(axes), e.max(label, 0)], 'f32');
  const lse = e.add(f32('top'), e.log(f32('total')));
  const hit = e.cast(e.eq(at('v'), label), 'f32');
  const softmax = e.exp(e.sub(element(0, all), lse));
  const p = program(
    [['logits', 'input', all], ['labels', 'input', axes, 'i32'], ['loss', 'output', axes], ['grad', 'output', all]],
    {
      kind: 'row', name: 'ce', axes, row,
      reductions: [
        { result: 'top', fn: 'max', value: element(0, all) },
        { result: 'total', fn: 'sum', value: e.exp(e.sub(element(0, all), f32('top'))) },
      ],
      rowStores: [store(2, axes, e.select(kept, e.sub(lse, picked), 0))],
      elementStores: [store(3, all, e.select(kept, e.sub(softmax, hit), 0))],
    },
  ); // prettier-ignore
  const labels = Int32Array.from({ length: 15 }, (_, i) => (i % 4 === 0 ? -100 : (i * 31) % 77));
  await matchOnAll(p, new Map<string, ArrayLike<number>>([['logits', numbers(15 * 77).map((v) => v * 9)], ['labels', labels]]), 1e-5); // prettier-ignore
});

test.each([1, 3, 65, 5000])('everything to one number: %i elements, f32 and i32', async (length) => {
  const row = [axis('n', length)];
  const p = program(
    [['x', 'input', row], ['k', 'input', row, 'i32'], ['sum', 'output', []], ['least', 'output', [], 'i32'], ['count', 'output', [], 'i32']],
    {
      kind: 'row', name: 'total', axes: [], row,
      reductions: [
        { result: 's', fn: 'sum', value: e.mul(element(0, row), element(0, row)) },
        { result: 'm', fn: 'max', value: e.neg(element(1, row, 'i32')) },
        { result: 'n', fn: 'sum', value: e.cast(e.lt(element(0, row), 0), 'i32') },
      ],
      rowStores: [
        store(2, [], e.sqrt(f32('s'))),
        store(3, [], e.neg(e.variable('m', 'i32'))),
        store(4, [], e.variable('n', 'i32')),
      ],
      elementStores: [],
    },
  ); // prettier-ignore
  const k = Int32Array.from({ length }, (_, i) => i * 7 - 2147483000);
  await matchOnAll(p, new Map<string, ArrayLike<number>>([['x', numbers(length)], ['k', k]]), 1e-5); // prettier-ignore
});
