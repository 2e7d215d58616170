import { expect, test } from 'vitest';
import { softwareTile } from '../../../compiler/6-kernels/wgsl/contract/software-tile.ts';
import { defaultTarget } from '../../../compiler/7-plan/default-target.ts';
import { gatedUnit, product2, shape, type Case } from '../../device/contract-programs.ts';

const tile = ({ program }: Case): string => {
  const [group] = program.groups;
  if (group?.kind !== 'contract') return 'no product';
  const { rows, columns } = softwareTile(group, { ...defaultTarget, software: true });
  return `${rows} x ${columns}`;
};

test.each([
  ['a small product', product2(shape(64, 64, 64)), '8 x 2'],
  ['a large one', product2(shape(1024, 320, 128)), '16 x 4'],
  ['a large one of uneven size', product2(shape(1000, 320, 128)), '16 x 4'],
  ['few blocks of a long sum', product2(shape(32, 32, 8192)), '8 x 2'],
  ['a vector', product2(shape(1, 4096, 4096)), '1 x 4'],
  ['a small product of two accumulators', gatedUnit(64, 64, 64), '8 x 1'],
  ['a large one', gatedUnit(1024, 320, 128), '16 x 2'],
] as const)('%s', (_, made, expected) => {
  expect(tile(made)).toBe(expected);
});
