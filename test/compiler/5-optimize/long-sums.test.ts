// Long sums of products in halves, cut into parts where a device would have too little to do.
import { expect, test } from 'vitest';
import { GraphBuilder } from '../../../compiler/3-graph/builder.ts';
import { evaluate } from '../../../compiler/3-graph/evaluate.ts';
import type { Graph } from '../../../compiler/3-graph/ops.ts';
import type { Dim, ScalarType } from '../../../compiler/3-graph/types.ts';
import { evaluateProgram } from '../../../compiler/5-optimize/evaluate-program.ts';
import { fuse } from '../../../compiler/5-optimize/fuse.ts';
import type { Program } from '../../../compiler/5-optimize/groups.ts';
import { verifyProgram } from '../../../compiler/5-optimize/verify-program.ts';
import { sourceValues } from './compare.ts';

/** [batch, seq, m] x [batch, seq, n] -> [m, n], as the gradient of a weight. */
function graphOf(batch: number, seq: number, m: number, n: number, type: ScalarType = 'f16'): Graph {
  const builder = new GraphBuilder('sums');
  const dim = (name: string, size: number): Dim => ({ name, size });
  const source = (name: string, last: Dim) =>
    builder.add('source', { name, role: 'input', type: { type, dims: [dim('batch', batch), dim('seq', seq), last] } }, []); // prettier-ignore
  const [x, g] = [source('x', dim('m', m)), source('g', dim('n', n))];
  builder.output('dw', builder.add('contract', { over: ['batch', 'seq'] }, [x, g]));
  return builder.finish();
}

const fused = (graph: Graph, busy: number): Program => fuse(graph, {}, { fusion: true, maxTensors: 10, busy });

/** Parts that the products of the program sum, each beside the others. */
const partsOf = ({ groups }: Program): number[] =>
  groups.flatMap((group) => (group.kind === 'contract' ? [group.batch.reduce((n, { size }) => n * size, 1)] : []));

test.each([
  ['few results', graphOf(16, 1024, 768, 768), [8]],
  ['more results', graphOf(16, 1024, 2048, 768), [4]],
  ['enough results', graphOf(16, 1024, 4096, 1024), [1]],
  ['a part for each sequence', graphOf(16, 1024, 128, 128), [16]],
  ['a batch of one', graphOf(1, 8192, 768, 768), [8]],
  ['short sums', graphOf(2, 512, 768, 768), [1]],
  ['a length that is no multiple', graphOf(3, 1025, 128, 128), [1]],
  ['products in f32', graphOf(16, 1024, 768, 768, 'f32'), [1]],
] as const)('%s', (_, graph, parts) => {
  expect(partsOf(fused(graph, 256))).toEqual(parts);
});

test.each([
  [4, 1024],
  [1, 4096],
] as const)('batch %i x seq %i: the sum of the parts is the sum', (batch, seq) => {
  const graph = graphOf(batch, seq, 5, 3);
  const values = sourceValues(graph, {}, 1);
  const expected = evaluate(graph, {}, values).outputs.get('dw')?.data ?? [];
  const program = fused(graph, 256);
  verifyProgram(program);
  expect(partsOf(program)).toEqual([4]);
  const found = evaluateProgram(program, values).get('dw') ?? [];
  for (let i = 0; i < expected.length; i++) expect(found[i]).toBeCloseTo(expected[i] ?? NaN, 9);
});
