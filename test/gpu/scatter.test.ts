import { expect, test } from 'vitest';
import * as e from '../../compiler/3-graph/expr-build.ts';
import type { Program } from '../../compiler/5-optimize/groups.ts';
import { expectMatch, runProgram, useDevice } from './harness.ts';
import { at, axis, element, numbers, program } from './programs.ts';

const device = useDevice();

/** The gradient of an embedding, added to what is there; and how many items each bin took. */
function embeddingGradient(bins: number, width: number, batch: number, seq: number): Program {
  const [v, d, items] = [axis('v', bins), axis('d', width), [axis('b', batch), axis('s', seq)]];
  const sum = e.variable('sum', 'f32');
  return program(
    [['tokens', 'input', items, 'i32'], ['dx', 'input', [...items, d]], ['grad', 'state', [v, d]], ['twice', 'output', [d, v]]],
    {
      kind: 'scatter', name: 'scatter', bins: v, axes: [d], items,
      bin: element(0, items, 'i32'), value: element(1, [...items, d]),
      stores: [
        { tensor: 2, index: [at('v'), at('d')], value: e.add(element(2, [v, d]), sum) },
        { tensor: 3, index: [at('d'), at('v')], value: e.mul(sum, 2) },
      ],
    },
  ); // prettier-ignore
}

const input = (bins: number, width: number, items: number, spread: (i: number) => number) =>
  new Map<string, ArrayLike<number>>([
    ['tokens', Int32Array.from({ length: items }, (_, i) => spread(i) % bins)],
    ['dx', numbers(items * width)],
    ['grad', numbers(bins * width, 2)],
  ]);

test.each([
  [1, 1, 1, 1],
  [3, 7, 1, 5],
  [65, 3, 2, 33],
  [130, 70, 2, 40],
  [64, 64, 1, 64],
  [5, 300, 3, 7],
  [4100, 3, 1, 50],
  [2049, 270, 1, 9],
])('%i bins of %i, %i x %i items', async (bins, width, batch, seq) => {
  const p = embeddingGradient(bins, width, batch, seq);
  for (const spread of [(i: number) => i * i * 31, () => bins - 1]) {
    const values = input(bins, width, batch * seq, spread);
    await expectMatch(device(), p, values, { absolute: batch * seq * 1e-7 });
    await expectMatch(device(), p, values, { absolute: batch * seq * 1e-7 }, { software: false });
  }
});

test('more items than one window', async () => {
  const values = input(9, 5, 9001, (i) => i * 7);
  await expectMatch(device(), embeddingGradient(9, 5, 1, 9001), values, { absolute: 1e-4 }, { software: false });
});

test('the same bits on every run', async () => {
  const p = embeddingGradient(50, 64, 4, 100);
  const values = input(50, 64, 400, (i) => i * i);
  for (const software of [true, false]) {
    const [first, second] = [await runProgram(device(), p, values, { software }), await runProgram(device(), p, values, { software })]; // prettier-ignore
    expect(first).toEqual(second);
  }
});
