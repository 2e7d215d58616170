import { test } from 'vitest';
import { backward, forward, masks, scores } from './attention-programs.ts';
import type { Mask, Score, Setting } from './attention-programs.ts';
import { expectMatch, useDevice } from './harness.ts';

const device = useDevice();
const tolerance = { relative: 2e-5, absolute: 2e-6 };

async function match(setting: Setting): Promise<void> {
  for (const made of [forward(setting), backward(setting)])
    for (const software of [true, false])
      await expectMatch(device(), made.program, made.values, tolerance, { software });
}

const small = { queries: 21, keys: 21, depth: 8 } satisfies Setting;

test.each(Object.keys(masks) as Mask[])('mask: %s', async (mask) => {
  await match({ ...small, mask });
});

test.each(Object.keys(scores) as Score[])('score: %s, groups of query heads', async (score) => {
  await match({ ...small, group: 3, score });
});

test.each([
  [4, 4],
  [12, 20],
  [24, 8],
  [64, 64],
  [80, 16],
  [128, 128],
  [256, 40],
])('depth %i, of values %i', async (depth, valueDepth) => {
  await match({ batch: 1, queries: 11, keys: 11, depth, valueDepth });
});

test.each(['causal', 'causal window', 'full'] satisfies Mask[])('dropout, %s', async (mask) => {
  await match({ ...small, group: 2, mask, dropout: 0.3 });
});

test.each([
  [1, 40, 17],
  [1, 8, 0],
  [3, 64, 30],
  [16, 50, 16],
  [17, 40, 20],
])('%i queries over a cache of %i from position %i', async (queries, keys, offset) => {
  await match({ queries, keys, offset, depth: 16, group: 4 });
  await match({ queries, keys, offset, depth: 16, group: 2, mask: 'causal window' });
});

test.each([
  [1, 1],
  [2, 8],
  [64, 64],
  [33, 33],
])('%i queries and %i keys', async (queries, keys) => {
  await match({ queries, keys, depth: 16 });
});
