import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { forwardGraph, generateGraph, lossGraph, streamGraph } from '../../../compiler/3-graph/model/entry-graphs.ts';
import { withHalfWeights } from '../../../compiler/3-graph/precision/half-weights.ts';
import { trainGraphs } from '../../../compiler/4-autograd/train-graph.ts';
import type { Sizes } from '../../../compiler/3-graph/types.ts';
import type { Graph } from '../../../compiler/3-graph/ops.ts';
import type { MixedPrecision, OptimizerSpec, RecomputeSpec, TrainSpec } from '../../../compiler/2-check/model.ts';
import { makeModel, makeTrain } from '../3-graph/model/model-builder.ts';
import { models } from '../3-graph/model/random-model.ts';
import { expectEqual, sourceValues } from './compare.ts';

const sizes = { batch: 2, seq: 3, past: 6 };
const adamw: OptimizerSpec = {
  kind: 'adamw',
  params: ['all'],
  lr: 0.01,
  betas: [0.9, 0.95],
  eps: 1e-8,
  weightDecay: 0.1,
  noDecay: ['vector'],
};
const sgd: OptimizerSpec = { kind: 'sgd', params: ['all'], lr: 0.1, momentum: 0.9, weightDecay: 0.1, noDecay: [] };

function check(graph: Graph, vocab: number, given: Record<string, number[]> = {}, own: Sizes = sizes): void {
  expectEqual(graph, own, sourceValues(graph, own, vocab, { loss_scale: [0.3], lr_scale: [0.7], step: [3], ...given }));
}

test('forward and loss of random models', () => {
  fc.assert(
    fc.property(models, (model) => {
      check(forwardGraph(model), model.vocab);
      check(lossGraph(model, { ignore: 2, zLoss: 0.1 }), model.vocab);
    }),
    { numRuns: 25 },
  );
});

test('prefill and decode of random models write the cache in place', () => {
  fc.assert(
    fc.property(models, (model) => {
      const graph = generateGraph(model);
      check(graph, model.vocab, { offset: [1], last: [1] });
      check(graph, model.vocab, { offset: [4], last: [0] }, { batch: 1, seq: 1, past: 6 });
      check(
        streamGraph(model),
        model.vocab,
        { 'stream.position': [3], temperature: [0.7], seeds: [1, 2, 3, 4, 5, 6, 7] },
        { ...sizes, batch: 1, seq: 1, line: 7 },
      );
      check(withHalfWeights(graph, ['norm']), model.vocab, { offset: [4], last: [0] }, { batch: 1, seq: 1, past: 6 });
    }),
    { numRuns: 25 },
  );
});

const trains: fc.Arbitrary<TrainSpec> = fc
  .record({
    accumulate: fc.constantFrom(1, 2),
    clipNorm: fc.constantFrom(null, 0.5),
    optimizers: fc.constantFrom([adamw], [sgd], [{ ...sgd, momentum: 0 }]),
    dropout: fc.constantFrom({ embed: 0, residual: 0, attention: 0 }, { embed: 0.2, residual: 0.3, attention: 0.25 }),
    loss: fc.constantFrom({ ignore: null, zLoss: 0 }, { ignore: 2, zLoss: 0.01 }),
    precision: fc.constantFrom<(MixedPrecision | null)[]>(
      null,
      { compute: 'f16', logits: 'f32', keep: [] },
      { compute: 'f16', logits: 'f16', keep: ['attn'] },
    ),
    recompute: fc.constantFrom<RecomputeSpec>(
      { kind: 'none' },
      { kind: 'blocks', first: 1 },
      { kind: 'blocks', first: null },
    ),
  })
  .map(makeTrain);

test('training steps of random models, with dropout, clipping and accumulation', () => {
  fc.assert(
    fc.property(models, trains, (model, train) => {
      for (const graph of Object.values(trainGraphs(model, train))) check(graph, model.vocab);
    }),
    { numRuns: 20 },
  );
});

test('a tied embedding is read by all before it is updated', () => {
  const model = makeModel({ embed: { tied: true } });
  const { step } = trainGraphs(model, makeTrain({ optimizers: [adamw] })) as { step: Graph };
  check(step, model.vocab);
  expect(step.updates.some(({ source }) => source.attrs.name === 'embed.weight')).toBe(true);
});
