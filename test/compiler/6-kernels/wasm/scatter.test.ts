import { describe, expect, test } from 'vitest';
import * as e from '../../../../compiler/3-graph/expr-build.ts';
import { at, axis, element, numbers, program } from '../../../device/programs.ts';
import { embeddingGradient, embeddingValues } from '../../../device/scatter-programs.ts';
import { expectOracle } from './expect-oracle.ts';
import { relaxedTarget, runOnWasm } from './run-program.ts';

describe('embedding gradient', () => {
  test.each([
    [1, 1, 1, 1],
    [3, 7, 1, 5],
    [65, 3, 2, 33],
    [130, 70, 2, 40],
    [64, 64, 1, 64],
    [5, 300, 3, 7],
    [4100, 3, 1, 50],
    [2049, 270, 1, 9],
    [17, 1000, 2, 2],
    [2, 70_000, 1, 3],
  ])('%i bins of %i, %i x %i items', (bins, width, batch, seq) => {
    const p = embeddingGradient(bins, width, batch, seq);
    for (const spread of [(i: number) => i * i * 31, () => bins - 1])
      expectOracle(p, embeddingValues(bins, width, batch * seq, spread), { absolute: batch * seq * 1e-7 });
  });

  test('the same bits for any number of threads', () => {
    const p = embeddingGradient(130, 64, 4, 100);
    const values = embeddingValues(130, 64, 400, (i) => i * i);
    const [one, ...others] = [1, 2, 3, 64].map((threads) => runOnWasm(p, values, { target: { ...relaxedTarget, threads } })); // prettier-ignore
    for (const other of others) expect(other.get('grad')).toEqual(one?.get('grad'));
  });

  test('an item whose bin is not there counts nowhere', () => {
    const values = embeddingValues(50, 64, 40, (i) => i % 50);
    const tokens = Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? [-1, 50, -2147483648, 2147483647][i % 4] ?? 0 : i)); // prettier-ignore
    const dx = Array.from(values.get('dx') ?? [], (x, i) => (Math.floor(i / 64) % 3 === 0 ? 0 : x));
    const p = embeddingGradient(50, 64, 1, 40);
    const found = runOnWasm(p, new Map(values).set('tokens', tokens));
    const wanted = runOnWasm(p, new Map(values).set('dx', dx));
    for (const name of ['grad', 'twice']) expect(found.get(name)).toEqual(wanted.get(name));
  });
});

test.each([[[3, 5]], [[3, 8]], [[4, 1]], [[]]])('counts of i32, several axes %j, transposed', (sizes) => {
  const axes = sizes.map((size, i) => axis(`a${i}`, size));
  const [v, items] = [axis('v', 9), [axis('n', 30)]];
  const turned = axes.toReversed();
  const sum = e.variable('sum', 'i32');
  const p = program(
    [['bin', 'input', items, 'i32'], ['x', 'input', [...turned, ...items], 'i32'], ['sum', 'output', [v, ...axes], 'i32'], ['turned', 'output', [...turned, v], 'f16'], ['some', 'output', [v, ...axes], 'bool']],
    {
      kind: 'scatter', name: 'scatter', bins: v, axes, items,
      bin: element(0, items, 'i32'), value: element(1, [...turned, ...items], 'i32'),
      stores: [
        { tensor: 2, index: [v, ...axes].map(({ name }) => at(name)), value: sum },
        { tensor: 3, index: [...turned, v].map(({ name }) => at(name)), value: e.cast(sum, 'f16') },
        { tensor: 4, index: [v, ...axes].map(({ name }) => at(name)), value: e.lt(e.add(sum, at('v')), 4) },
      ],
    },
  );
  const count = sizes.reduce((n, size) => n * size, 30);
  expectOracle(p, new Map([['bin', Array.from({ length: 30 }, (_, i) => (i * i) % 9)], ['x', Array.from({ length: count }, (_, i) => (i * 7) % 13 - 5)]]));
}); // prettier-ignore

test('values are computed for each item: a row of one tensor times a weight of the item, f16', () => {
  const [v, d, items] = [axis('v', 20), axis('d', 24), [axis('n', 33)]];
  const p = program(
    [['bin', 'input', items, 'i32'], ['x', 'input', [...items, d], 'f16'], ['w', 'input', items], ['y', 'output', [v, d]]],
    {
      kind: 'scatter', name: 'scatter', bins: v, axes: [d], items,
      bin: e.mod(element(0, items, 'i32'), e.constant(20, 'i32')),
      value: e.mul(e.cast(element(1, [...items, d], 'f16'), 'f32'), e.exp(element(2, items))),
      stores: [{ tensor: 3, index: [at('v'), at('d')], value: e.variable('sum', 'f32') }],
    },
  ); // prettier-ignore
  expectOracle(p, new Map<string, ArrayLike<number>>([['bin', Array.from({ length: 33 }, (_, i) => i * 11)], ['x', numbers(33 * 24)], ['w', numbers(33, 5)]]), { absolute: 1e-6 }); // prettier-ignore
});
