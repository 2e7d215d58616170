import { describe, test } from 'vitest';
import { add, mul } from '../../compiler/3-graph/expr-build.ts';
import { expectMatch, useDevice } from './harness.ts';
import { at, axis, element, numbers, program } from './programs.ts';

const device = useDevice();

describe('shapes', () => {
  test.each([
    [1, 1],
    [3, 7],
    [65, 1],
    [64, 64],
    [700, 100],
  ])('x[%i, %i] + bias', async (rows, columns) => {
    const axes = [axis('row', rows), axis('column', columns)];
    const [, column] = axes;
    const value = add(mul(element(0, axes), 2), element(1, column ? [column] : []));
    const p = program(
      [['x', 'input', axes], ['bias', 'input', axes.slice(1)], ['y', 'output', axes]],
      { kind: 'map', name: 'm', axes, stores: [{ tensor: 2, index: axes.map((a) => at(a.name)), value }] },
    ); // prettier-ignore
    const values = new Map([
      ['x', numbers(rows * columns)],
      ['bias', numbers(columns, 2)],
    ]);
    await expectMatch(device(), p, values);
    await expectMatch(device(), p, values, {}, { software: false });
  });
});
