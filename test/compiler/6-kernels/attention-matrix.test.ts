import { expect, test } from 'vitest';
import { sidesOf } from '../../../compiler/6-kernels/analysis/attention-sides.ts';
import { matrixLayout, matrixTileBytes } from '../../../compiler/6-kernels/wgsl/attention/matrix/matrix-layout.ts';
import type { MatrixTile } from '../../../compiler/6-kernels/wgsl/attention/matrix/matrix-layout.ts';
import { matrixTiles } from '../../../compiler/6-kernels/wgsl/attention/matrix/matrix-schedule.ts';
import { wideTensors } from '../../../compiler/6-kernels/wgsl/attention/matrix/stage-halves.ts';
import type { WebGpuTarget } from '../../../compiler/7-plan/plan.ts';
import { backward, type Setting } from '../../device/attention-programs.ts';

const target = { subgroupSize: 32, subgroupMatrices: [{ component: 'f16', result: 'f32', M: 16, N: 16, K: 16 }], maxWorkgroupStorage: 49152, maxInvocations: 1024 } as unknown as WebGpuTarget; // prettier-ignore

/** Forward, gradient of the queries, gradient of keys and values. */
const passes = (setting: Setting) => {
  const { program } = backward({ halves: true, ...setting });
  const groups = program.groups.filter((group) => group.kind === 'attention' || group.kind === 'attention_grad');
  return groups.map((group) => ({ program, sides: sidesOf(group) }));
};

const text = (tile: MatrixTile | undefined): string => (tile ? `${tile.rows} x ${tile.columns}` : 'none');

test.each([
  ['heads of 64', { queries: 256, keys: 256, depth: 64 }, ['64 x 16', '64 x 16', '64 x 16']],
  ['heads of 128', { queries: 256, keys: 256, depth: 128 }, ['64 x 16', '64 x 16', '64 x 16']],
  ['heads whose sums need too many registers', { queries: 256, keys: 256, depth: 256 }, ['64 x 16', 'none', 'none']],
  ['20 queries of 40 keys', { queries: 20, keys: 40, depth: 64 }, ['32 x 16', '32 x 16', '64 x 16']],
  ['few rows', { queries: 4, keys: 256, depth: 64 }, ['none', 'none', '64 x 16']],
  ['f32', { queries: 256, keys: 256, depth: 64, halves: false }, ['none', 'none', 'none']],
] satisfies [string, Setting, string[]][])('%s', (_, setting, expected) => {
  expect(passes(setting).map(({ sides }) => text(matrixTiles(sides, target)[0]))).toEqual(expected);
});

test('every tile fits; the first is none of the others', () => {
  for (const { sides } of passes({ queries: 256, keys: 256, depth: 128 })) {
    const tiles = matrixTiles(sides, target);
    expect(new Set(tiles.map((tile) => JSON.stringify(tile))).size).toBe(tiles.length);
    for (const tile of tiles) expect(matrixTileBytes(sides, tile)).toBeLessThanOrEqual(49152);
  }
});

test('values stand where keys stood; what two products leave stands in one place or in two', () => {
  const [forward, , key] = passes({ queries: 64, keys: 64, depth: 64 });
  if (!forward || !key) throw new Error('three passes');
  const tile = { rows: 64, columns: 16, down: 4, across: 1, ahead: true, turns: false };
  const { columns } = matrixLayout(forward.sides, tile);
  expect(columns.map(({ late, region }) => [late, region.base])).toEqual([[false, 0], [true, 0]]); // prettier-ignore
  const bytes = matrixTileBytes(key.sides, tile);
  expect(bytes - matrixTileBytes(key.sides, { ...tile, turns: true })).toBe(64 * (16 / 4 + 1) * 16);
});

test('halves are bound 8 at a time where they lie so', () => {
  const wide = (depth: number): number =>
    passes({ queries: 64, keys: 64, depth })
      .map(({ program, sides }) => wideTensors(program, sides, []).length)
      .reduce((sum, count) => sum + count, 0);
  expect(wide(64)).toBe(3 + 4 + 4);
  expect(wide(20)).toBe(0);
});
