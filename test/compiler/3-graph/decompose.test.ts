// Every composite against its decomposition, on the oracle, over random shapes.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { GraphBuilder } from '../../../compiler/3-graph/builder.ts';
import { decomposeGraph, isComposite } from '../../../compiler/3-graph/decompose.ts';
import { evaluate } from '../../../compiler/3-graph/evaluate.ts';
import type { CompositeName, Graph } from '../../../compiler/3-graph/ops.ts';
import { verifyGraph } from '../../../compiler/3-graph/verify.ts';
import { expectClose, valuesOf } from '../4-autograd/finite-differences.ts';
import { opCases } from '../4-autograd/op-cases.ts';
import type { Case } from '../4-autograd/op-cases.ts';

function graphOf(c: Case): Graph {
  const builder = new GraphBuilder('case');
  builder.output(
    'y',
    builder.at({ path: 'layers.0' }, () => c.build(builder)),
  );
  return builder.finish();
}

const composites: { readonly [K in CompositeName]: null } = {
  norm: null,
  rope: null,
  logsumexp: null,
  cross_entropy: null,
  dropout: null,
  attention: null,
  attention_grad: null,
};

it.each(Object.keys(composites) as CompositeName[])('%s', (name) => {
  const property = fc.property(opCases[name], (c) => {
    const graph = graphOf(c);
    const primitive = decomposeGraph(graph);
    verifyGraph(primitive);
    expect(primitive.nodes.filter(isComposite)).toEqual([]);
    expect(primitive.nodes.every((n) => n.origin.path.startsWith('layers.0'))).toBe(true);
    const values = valuesOf(graph, c);
    const y = (g: Graph): Float64Array => evaluate(g, c.sizes, values).outputs.get('y')?.data ?? new Float64Array();
    expectClose(y(primitive), y(graph), name, 1e-9);
  });
  fc.assert(property, { seed: 5, numRuns: 100 });
});

it('keeps what it is told to', () => {
  const [c] = fc.sample(opCases.attention, { seed: 1, numRuns: 1 });
  const kept = c && decomposeGraph(graphOf(c), (node) => node.op === 'attention');
  expect(kept?.nodes.some((n) => n.op === 'attention')).toBe(true);
});
