import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { expectEqual, sourceValues } from './compare.ts';
import { randomGraph } from './random-graph.ts';

test('random graphs: fused and unfused programs compute what the graph means', () => {
  const ops = new Set<string>();
  fc.assert(
    fc.property(fc.array(fc.nat(997), { minLength: 12, maxLength: 40 }), (choices) => {
      const graph = randomGraph(choices);
      for (const node of graph.nodes) ops.add(node.op);
      expectEqual(graph, {}, sourceValues(graph, {}, 2, { position: [1] }), 16);
    }),
    { numRuns: 200, seed: 2 }, // a seed whose graphs have every op
  );
  for (const op of [
    'reduce',
    'contract',
    'split',
    'merge',
    'pad',
    'concat',
    'gather',
    'scatter_add',
    'random',
    'update',
  ])
    expect(ops).toContain(op);
});
