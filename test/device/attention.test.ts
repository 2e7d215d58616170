import { test } from 'vitest';
import { lowerAttention } from '../../compiler/6-kernels/wgsl/attention/lower-attention.ts';
import { lowerGroup } from '../../compiler/6-kernels/wgsl/lower-group.ts';
import { backward, forward, masks, scores } from './attention-programs.ts';
import type { Mask, Score, Setting } from './attention-programs.ts';
import { hardware } from './device.ts';
import { expectMatch, useDevice } from './harness.ts';
import type { RunOptions } from './harness.ts';

const device = useDevice();
const tolerance = { relative: 2e-5, absolute: 2e-6 };
/** A result near the middle of two halves may be rounded either way. */
const rounded = { relative: 1e-3, absolute: 5e-5 };

/** Small blocks: the same code as large ones, but quick to compile. */
const blocks = {
  kind: 'block',
  lanes: 32,
  rows: 8,
  columns: 16,
  laneRows: 4,
  depth: 8,
  width: 16,
  unroll: false,
} as const;
const inBlocks: NonNullable<RunOptions['lower']> = (program, group, target) =>
  group.kind === 'attention' || group.kind === 'attention_grad'
    ? lowerAttention(program, group, target, blocks)
    : lowerGroup(program, group, target);

/** Forward and backward, by the schedule of the device at hand and by blocks in workgroup memory. */
async function match(setting: Setting): Promise<void> {
  for (const made of [forward(setting), backward(setting)])
    for (const options of [{}, { lower: inBlocks }])
      await expectMatch(device(), made.program, made.values, tolerance, options);
}

test.each([
  { queries: 40, keys: 40, depth: 20, group: 2 },
  { queries: 1, keys: 100, depth: 16, group: 4, offset: 77 },
] satisfies Setting[])('the schedules of a GPU: %o', async (setting) => {
  const { program, values } = forward(setting);
  await expectMatch(device(), program, values, tolerance, { software: false });
});

test.each([
  { queries: 1, keys: 100, depth: 16, group: 4, offset: 77 },
  { queries: 2, keys: 70, depth: 12, valueDepth: 20, group: 3, offset: 60, dropout: 0.2 },
  { queries: 1, keys: 70, depth: 7, valueDepth: 3, offset: 0, mask: 'strictly before' },
  { queries: 3, keys: 20, depth: 24, offset: 17, mask: 'causal window', score: 'softcap' },
] satisfies Setting[])('a key per lane: %o', async (setting) => {
  const { program, values } = forward(setting);
  const lower: RunOptions['lower'] = (program, group, target) =>
    group.kind === 'attention' ? lowerAttention(program, group, target, { kind: 'decode', lanes: 32 }) : lowerGroup(program, group, target); // prettier-ignore
  await expectMatch(device(), program, values, tolerance, { lower });
});

test.skipIf(hardware).each([
  { queries: 21, keys: 21, depth: 20, valueDepth: 12, group: 2 },
  { queries: 5, keys: 30, depth: 9, group: 3, offset: 20, dropout: 0.2, score: 'softcap' },
  { queries: 32, keys: 32, depth: 16, mask: 'causal window' },
] satisfies Setting[])('large tiles of a software adapter: %o', async (setting) => {
  const tile = { kind: 'shuffle', lanes: 8, staged: true } as const;
  for (const [made, rows] of [
    [forward(setting), 16],
    [backward(setting), 8],
  ] as const) {
    const lower: RunOptions['lower'] = (program, group, target) =>
      group.kind === 'attention' || group.kind === 'attention_grad' ? lowerAttention(program, group, target, { ...tile, rows }) : lowerGroup(program, group, target); // prettier-ignore
    await expectMatch(device(), made.program, made.values, tolerance, { lower });
  }
});

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

const halves = [
  { queries: 21, keys: 21, depth: 20, valueDepth: 12, group: 2, dropout: 0.2, score: 'softcap', halves: true },
  { queries: 1, keys: 70, depth: 16, group: 4, offset: 60, halves: true },
] satisfies Setting[];

test.each(halves)('queries, keys and values in halves: %o', async (setting) => {
  for (const made of [forward(setting), backward(setting)])
    await expectMatch(device(), made.program, made.values, rounded);
});

test.each(halves)('halves in blocks: %o', async (setting) => {
  const { program, values } = backward(setting);
  await expectMatch(device(), program, values, rounded, { lower: inBlocks });
});
