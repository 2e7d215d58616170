// Takes: sizes. Gives: programs of one scatter group, with values for their inputs.
// Promises: deterministic.
import * as e from '../../compiler/3-graph/expr-build.ts';
import type { Program } from '../../compiler/5-optimize/groups.ts';
import { at, axis, element, numbers, program } from './programs.ts';

/** The gradient of an embedding, added to what is there; and twice of it, transposed. */
export function embeddingGradient(bins: number, width: number, batch: number, seq: number): Program {
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

export const embeddingValues = (bins: number, width: number, items: number, spread: (i: number) => number) =>
  new Map<string, ArrayLike<number>>([
    ['tokens', Int32Array.from({ length: items }, (_, i) => spread(i) % bins)],
    ['dx', numbers(items * width)],
    ['grad', numbers(bins * width, 2)],
  ]);
