// Every op: its gradient by rule against central differences on the oracle, over random shapes.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../compiler/diagnostics.ts';
import type { OpName } from '../../../compiler/3-graph/ops.ts';
import { decomposeGraph } from '../../../compiler/3-graph/decompose.ts';
import { evaluate } from '../../../compiler/3-graph/evaluate.ts';
import { verifyGraph } from '../../../compiler/3-graph/verify.ts';
import { gradientRules } from '../../../compiler/4-autograd/gradient-rules.ts';
import { expectClose, expectGradients, gradientGraph, valuesOf } from './finite-differences.ts';
import { opCases } from './op-cases.ts';

const options = { seed: 2024, numRuns: 60 };
const names = Object.keys(opCases) as OpName[];

it('every op has cases and a rule', () => {
  expect(names.toSorted()).toEqual(Object.keys(gradientRules).toSorted());
});

describe('gradient by rule = central differences', () => {
  it.each(names.filter((name) => name !== 'attention_grad'))('%s', (name) => {
    fc.assert(fc.property(opCases[name], expectGradients), options);
  });
});

describe('gradient of composites = gradient with all composites decomposed', () => {
  it.each(['norm', 'rope', 'logsumexp', 'cross_entropy', 'dropout', 'attention'] as const)('%s', (name) => {
    const property = fc.property(opCases[name], (c) => {
      const graph = gradientGraph(c);
      const primitive = decomposeGraph(graph);
      verifyGraph(primitive);
      const values = valuesOf(graph, c);
      const expected = evaluate(graph, c.sizes, values).outputs;
      for (const [output, { data }] of evaluate(primitive, c.sizes, values).outputs)
        expectClose(data, expected.get(output)?.data ?? new Float64Array(), output, 1e-9);
    });
    fc.assert(property, options);
  });
});

it('attention_grad says that it has no gradient', () => {
  const [c] = fc.sample(opCases.attention_grad, { seed: 1, numRuns: 1 });
  expect(() => c && gradientGraph(c)).toThrow(InvariantError);
  expect(() => c && gradientGraph(c)).toThrow('no second derivative of attention is built');
});
