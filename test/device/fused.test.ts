import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MixedPrecision, OptimizerSpec } from '../../compiler/2-check/model.ts';
import { forwardGraph, generateGraph, lossGraph } from '../../compiler/3-graph/model/entry-graphs.ts';
import type { Graph } from '../../compiler/3-graph/ops.ts';
import { trainGraphs } from '../../compiler/4-autograd/train-graph.ts';
import { evaluateProgram } from '../../compiler/5-optimize/evaluate-program.ts';
import type { Program } from '../../compiler/5-optimize/groups.ts';
import { fuse } from '../../compiler/5-optimize/fuse.ts';
import { simplify } from '../../compiler/5-optimize/simplify.ts';
import { makeTrain } from '../compiler/3-graph/model/model-builder.ts';
import { models } from '../compiler/3-graph/model/random-model.ts';
import { sourceValues } from '../compiler/5-optimize/compare.ts';
import { plainTarget, runOnWasm } from '../compiler/6-kernels/wasm/run-program.ts';
import { type Values, worst } from '../compiler/6-kernels/oracle.ts';
import { runProgram, useDevice } from './harness.ts';

const device = useDevice();

const sizes = { batch: 2, seq: 5, past: 8 };
const adamw: OptimizerSpec = { kind: 'adamw', params: ['all'], lr: 0.01, betas: [0.9, 0.95], eps: 1e-8, weightDecay: 0.1, noDecay: ['vector'] }; // prettier-ignore
const sgd: OptimizerSpec = { kind: 'sgd', params: ['all'], lr: 0.1, momentum: 0.9, weightDecay: 0.1, noDecay: [] };

const mixed: MixedPrecision = { compute: 'f16', logits: 'f32', keep: [] };

type Target = 'WebAssembly' | 'WGSL';

/** Every group of the fused program against the oracle; WGSL by the schedules of both kinds of GPU. */
async function check(
  target: Target,
  graph: Graph,
  vocab: number,
  given: Record<string, number[]> = {},
  own = sizes,
  tolerance = 3e-5,
): Promise<void> {
  // prettier-ignore
  const program = fuse(simplify(graph), own, { fusion: true, maxTensors: 10 });
  const drawn = sourceValues(graph, own, vocab, { loss_scale: [0.3], lr_scale: [0.7], step: [3], ...given });
  const values = new Map([...drawn].map(([name, numbers]) => [name, numbers.map(Math.fround)]));
  const oracle = evaluateProgram(program, values);
  for (const actual of await resultsOf(target, program, values)) {
    for (const [name, expected] of oracle) {
      const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const message = worst(actual.get(name) ?? new Float64Array(), expected, 0, tolerance * scale + 1e-6);
      expect(message, `${name} of ${program.name}`).toBe('equal');
    }
  }
}

async function resultsOf(target: Target, program: Program, values: Values): Promise<Map<string, Float64Array>[]> {
  if (target === 'WebAssembly') return [runOnWasm(program, values), runOnWasm(program, values, { target: plainTarget, range: 2 })]; // prettier-ignore
  return [
    await runProgram(device(), program, values, { software: true }),
    await runProgram(device(), program, values, { software: false }),
  ];
}

// In WGSL each model is some fifty pipelines of two schedules, compiled for a second each: few models, but whole ones.
describe.each<{ target: Target; numRuns: number }>([
  { target: 'WebAssembly', numRuns: 6 },
  { target: 'WGSL', numRuns: 1 },
])('$target', ({ target, numRuns }) => {
  const runs = { numRuns, seed: 5, endOnFailure: true } as const;

  test('forward pass and loss', async () => {
    await fc.assert(
      fc.asyncProperty(models, async (model) => {
        await check(target, forwardGraph(model), model.vocab);
        await check(target, lossGraph(model, { ignore: 2, zLoss: 0.1 }), model.vocab);
      }),
      { ...runs, numRuns: numRuns + 1 },
    );
  });

  test('prefill and decode', async () => {
    await fc.assert(
      fc.asyncProperty(models, async (model) => {
        await check(target, generateGraph(model), model.vocab, { offset: [1], last: [1] });
        await check(
          target,
          generateGraph(model),
          model.vocab,
          { offset: [6], last: [0] },
          { batch: 1, seq: 1, past: 8 },
        );
      }),
      runs,
    );
  }, 180_000);

  test.each([
    ['AdamW, dropout, clipping', 1, [adamw], { embed: 0.2, residual: 0.3, attention: 0.25 }, null, 3e-5],
    ['SGD with momentum, accumulated', 2, [sgd], { embed: 0, residual: 0, attention: 0 }, null, 3e-5],
    // What lies between two halves may be rounded either way.
    ['AdamW, mixed precision', 1, [adamw], { embed: 0, residual: 0, attention: 0 }, mixed, 4e-3],
  ] as const)(
    'training step: %s',
    async (_, accumulate, optimizers, dropout, precision, tolerance) => {
      const loss = { ignore: 2, zLoss: 0.01 };
      const train = makeTrain({ accumulate, clipNorm: 0.5, optimizers, dropout, loss, precision });
      const given = { seed: [77], 'scale.value': [1024], 'scale.good': [7], 'scale.skipped': [1] };
      await fc.assert(
        fc.asyncProperty(models, async (model) => {
          for (const graph of Object.values<Graph>(trainGraphs(model, train)))
            await check(target, graph, model.vocab, given, sizes, tolerance);
        }),
        runs,
      );
    },
    180_000,
  );
});
