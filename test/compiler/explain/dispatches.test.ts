// Fusion pays: dispatches per layer of a pre-norm GLU model with grouped queries, on a GPU with the guaranteed limits.
import { describe, expect, it } from 'vitest';
import { forwardGraph, generateGraph, lossGraph } from '../../../compiler/3-graph/model/entry-graphs.ts';
import type { Graph } from '../../../compiler/3-graph/ops.ts';
import type { Sizes } from '../../../compiler/3-graph/types.ts';
import { trainGraphs } from '../../../compiler/4-autograd/train-graph.ts';
import { defaultTarget } from '../../../compiler/7-plan/default-target.ts';
import { compileGraph } from '../../../compiler/compile-graph.ts';
import { gqa, makeModel, makeTrain } from '../3-graph/model/model-builder.ts';
import type { Model } from '../../../compiler/2-check/model.ts';

const train = { ...makeTrain(), clipNorm: 1 };

/** Dispatches that one more layer costs, between 4 layers and 8. */
function perLayer(graphOf: (model: Model) => Graph, sizes: Sizes, fusion = true): number {
  const [four = 0, eight = 0] = [4, 8].map((nLayers) => {
    return compileGraph(graphOf(makeModel({ mixers: Array.from({ length: nLayers }, () => gqa()) })), sizes, {
      target: defaultTarget,
      fusion,
    }).steps.length;
  });
  return (eight - four) / 4;
}

/** Forward, backward and the sums of accumulated gradients, without the optimizer. */
function accumulation(model: Model): Graph {
  const graphs = trainGraphs(model, { ...train, batch: 4, accumulate: 2 });
  if ('step' in graphs) throw new Error('accumulation expected');
  return graphs.accumulate;
}

describe('dispatches per layer', () => {
  const sizes = { batch: 2, seq: 32 };
  const loss = (model: Model): Graph => lossGraph(model, { ignore: null, zLoss: 0 });

  it('are at most 12 forward', () => {
    expect(perLayer(forwardGraph, sizes)).toBeLessThanOrEqual(12);
  });

  it('are at most 24 backward', () => {
    expect(perLayer(accumulation, sizes) - perLayer(loss, sizes)).toBeLessThanOrEqual(24);
  });

  it('are at most 9 to decode a token', () => {
    expect(perLayer(generateGraph, { batch: 1, seq: 1, past: 64 })).toBeLessThanOrEqual(9);
  });

  it('are more than twice as many without fusion', () => {
    expect(perLayer(forwardGraph, sizes, false)).toBeGreaterThan(2 * perLayer(forwardGraph, sizes));
  });
});
