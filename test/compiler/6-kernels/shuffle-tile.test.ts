import { expect, test } from 'vitest';
import { sidesOf } from '../../../compiler/6-kernels/analysis/attention-sides.ts';
import { shuffleTile } from '../../../compiler/6-kernels/wgsl/attention/shuffle-tile.ts';
import { backward, forward, type Setting } from '../../device/attention-programs.ts';

/** Of every pass of the program. */
const tiles = ({ program }: ReturnType<typeof forward>): readonly string[] =>
  program.groups.flatMap((group) => {
    if (group.kind !== 'attention' && group.kind !== 'attention_grad') return [];
    const { rows, staged } = shuffleTile(sidesOf(group), 8);
    return `${rows}${staged ? ' staged' : ''}`;
  });

test.each([
  ['small', { queries: 32, keys: 32, depth: 32 }, ['8', '8', '4']],
  ['large', { queries: 256, keys: 256, depth: 32 }, ['16 staged', '16 staged', '8 staged']],
  ['large, of wide heads', { queries: 256, keys: 256, depth: 128 }, ['4 staged', '4 staged', '2 staged']],
  ['one query', { queries: 1, keys: 4096, depth: 64 }, ['1', '1', '4 staged']],
] satisfies [string, Setting, string[]][])('%s', (_, setting, expected) => {
  expect(tiles(backward(setting))).toEqual(expected);
});
