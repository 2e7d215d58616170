import { test } from 'vitest';
import { lowerAttention } from '../../../../compiler/6-kernels/wasm/attention/lower-attention.ts';
import { lowerGroupToWasm } from '../../../../compiler/6-kernels/wasm/lower-group.ts';
import { backward, forward, masks, scores } from '../../../gpu/attention-programs.ts';
import type { Mask, Score, Setting } from '../../../gpu/attention-programs.ts';
import { expectOracle } from './expect-oracle.ts';
import type { WasmRunOptions } from './run-program.ts';

const tolerance = { relative: 2e-5, absolute: 2e-6 };

/** Small blocks: several of them in every direction. */
const inBlocks: NonNullable<WasmRunOptions['lower']> = (program, group, target) =>
  group.kind === 'attention' || group.kind === 'attention_grad'
    ? lowerAttention(program, group, target, { rows: 8, strip: 4, columns: 16 })
    : lowerGroupToWasm(program, group, target);

/** Forward and backward, as the sizes ask for and in small blocks. */
function match(setting: Setting): void {
  for (const made of [forward(setting), backward(setting)])
    for (const options of [{}, { lower: inBlocks }]) expectOracle(made.program, made.values, tolerance, options);
}

const small = { queries: 21, keys: 21, depth: 8 } satisfies Setting;

test.each(Object.keys(masks) as Mask[])('mask: %s', (mask) => {
  match({ ...small, mask });
  match({ ...small, queries: 40, keys: 40, mask });
});

test.each(Object.keys(scores) as Score[])('score: %s, groups of query heads', (score) => {
  match({ ...small, group: 3, score });
});

test.each([
  [1, 1],
  [4, 4],
  [7, 3],
  [12, 20],
  [24, 8],
  [64, 64],
  [80, 16],
  [256, 40],
])('depth %i, of values %i', (depth, valueDepth) => {
  match({ batch: 1, queries: 11, keys: 11, depth, valueDepth });
});

test.each(['causal', 'causal window', 'full'] satisfies Mask[])('dropout, %s', (mask) => {
  match({ ...small, group: 2, mask, dropout: 0.3 });
});

test.each([
  [1, 40, 17],
  [1, 8, 0],
  [3, 64, 30],
  [16, 50, 16],
  [17, 40, 20],
])('%i queries over a cache of %i from position %i', (queries, keys, offset) => {
  match({ queries, keys, offset, depth: 16, group: 4 });
  match({ queries, keys, offset, depth: 16, group: 2, mask: 'causal window' });
});

test.each([1, 3, 16, 17, 65, 130])('%i queries and keys', (size) => {
  match({ batch: 1, queries: size, keys: size, depth: 12 });
  match({ batch: 1, queries: size, keys: size, depth: 4, mask: 'full', group: 2 });
});

test.each([
  [2, 8],
  [8, 2],
  [33, 64],
])('%i queries and %i keys', (queries, keys) => {
  match({ queries, keys, depth: 16 });
});
