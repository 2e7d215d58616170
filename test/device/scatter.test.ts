import { expect, test } from 'vitest';
import { expectMatch, runProgram, useDevice } from './harness.ts';
import { embeddingGradient, embeddingValues } from './scatter-programs.ts';

const device = useDevice();

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
    const values = embeddingValues(bins, width, batch * seq, spread);
    await expectMatch(device(), p, values, { absolute: batch * seq * 1e-7 });
    await expectMatch(device(), p, values, { absolute: batch * seq * 1e-7 }, { software: false });
  }
});

test('more items than one window', async () => {
  const values = embeddingValues(9, 5, 9001, (i) => i * 7);
  await expectMatch(device(), embeddingGradient(9, 5, 1, 9001), values, { absolute: 1e-4 }, { software: false });
});

test('the same bits on every run', async () => {
  const p = embeddingGradient(50, 64, 4, 100);
  const values = embeddingValues(50, 64, 400, (i) => i * i);
  for (const software of [true, false]) {
    const [first, second] = [await runProgram(device(), p, values, { software }), await runProgram(device(), p, values, { software })]; // prettier-ignore
    expect(first).toEqual(second);
  }
});
