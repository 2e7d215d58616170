// Takes: training graphs of small and random models. Gives: proof that computing blocks again changes no number, and of what
// is kept from forward to backward.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Model, RecomputeSpec, TrainSpec } from '../../../compiler/2-check/model.ts';
import { evaluate } from '../../../compiler/3-graph/evaluate.ts';
import type { Graph } from '../../../compiler/3-graph/ops.ts';
import { verifyGraph } from '../../../compiler/3-graph/verify.ts';
import { blocksOf } from '../../../compiler/4-autograd/recompute/blocks.ts';
import { recompute } from '../../../compiler/4-autograd/recompute/recompute.ts';
import { trainGraphs } from '../../../compiler/4-autograd/train-graph.ts';
import { fuse } from '../../../compiler/5-optimize/fuse.ts';
import { groupTensors } from '../../../compiler/5-optimize/group-parts.ts';
import { simplify } from '../../../compiler/5-optimize/simplify.ts';
import { gqa, makeModel, makeTrain, wirings } from '../3-graph/model/model-builder.ts';
import { models } from '../3-graph/model/random-model.ts';
import { sourceValues } from '../5-optimize/compare.ts';

const sizes = { batch: 2, seq: 4 };
const all: RecomputeSpec = { kind: 'blocks', first: null };
const dropout = { embed: 0.2, residual: 0.3, attention: 0.4 };
const train = makeTrain({ dropout, clipNorm: 1 });
const layers = (count: number): Model => makeModel({ mixers: Array.from({ length: count }, () => gqa()) });

function graphOf(model: Model, spec: TrainSpec): Graph {
  const graphs = trainGraphs(model, spec);
  return 'step' in graphs ? graphs.step : graphs.accumulate;
}

/** The tensors of the forward pass that a later pass reads, and where each block is computed again, in the order of groups. */
function flowOf(graph: Graph): { readonly kept: readonly string[]; readonly order: readonly string[] } {
  const { tensors, groups } = fuse(simplify(graph), sizes, { fusion: true, maxTensors: 12 });
  const isLater = (name: string): boolean => /:(grad|again|clip|optimizer)\b/.test(name);
  const forward = new Set(groups.filter(({ name }) => !isLater(name)).flatMap((group) => groupTensors(group).written));
  const read = groups.filter(({ name }) => isLater(name)).flatMap((group) => groupTensors(group).read);
  const kept = tensors.filter(({ id, role }) => role === 'temporary' && forward.has(id) && read.includes(id));
  const stages = groups.flatMap(({ name }) => /:(?:(?:grad|again)\.)?layers\.\d/.exec(name)?.[0].slice(1) ?? []);
  return {
    kept: kept.map(({ name }) => name),
    order: stages.filter((stage, i) => stage !== stages[i - 1]),
  };
}

describe('recompute', () => {
  it.each([1, 2])('random models with dropout, %d parts: the same bits', (accumulate) => {
    fc.assert(
      fc.property(models, fc.constantFrom(null, 1), (model, first) => {
        const plain = graphOf(model, { ...train, accumulate });
        const again = graphOf(model, { ...train, accumulate, recompute: { kind: 'blocks', first } });
        verifyGraph(again);
        const values = sourceValues(plain, sizes, model.vocab, { loss_scale: [0.125], step: [1] });
        const [given, wanted] = [evaluate(again, sizes, values), evaluate(plain, sizes, values)];
        expect(given.outputs).toEqual(wanted.outputs);
        expect(given.updates).toEqual(wanted.updates);
      }),
      { numRuns: 20 },
    );
  });

  it('keeps of a block its input, and computes it again just before its own backward pass', () => {
    const { kept, order } = flowOf(graphOf(layers(3), { ...makeTrain(), recompute: all }));
    // What the layers give; the first one's input is looked up in the embedding again.
    expect(kept.filter((name) => name.startsWith('layers.'))).toEqual([
      'layers.0:map.1',
      'layers.1:map.1',
      'layers.2:map.1',
    ]);
    expect(order).toEqual([
      'layers.0', 'layers.1', 'layers.2',
      'grad.layers.2', 'again.layers.2', 'grad.layers.2',
      'grad.layers.1', 'again.layers.1', 'grad.layers.1',
      'grad.layers.0', 'again.layers.0', 'grad.layers.0',
    ]); // prettier-ignore
  });

  it.each(Object.entries({ pre: wirings.pre(), sandwich: wirings.sandwich, parallel: wirings.parallel1 }))(
    '%s: nothing else of a block is kept',
    (_, wiring) => {
      const model = makeModel({ wiring, mixers: [gqa(), gqa(), gqa()] });
      const { kept } = flowOf(graphOf(model, { ...makeTrain({ dropout }), recompute: all }));
      expect(kept.filter((name) => /^layers\.\d\./.test(name))).toEqual([]);
    },
  );

  it('of the first blocks only, where it is told so', () => {
    const { order } = flowOf(graphOf(layers(3), { ...makeTrain(), recompute: { kind: 'blocks', first: 2 } }));
    expect(order.filter((stage) => stage.startsWith('again'))).toEqual(['again.layers.1', 'again.layers.0']);
  });

  it('none: the graph itself', () => {
    const graph = graphOf(layers(2), train);
    expect(recompute(graph, { kind: 'none' })).toBe(graph);
    expect(recompute(graph, { kind: 'blocks', first: 0 })).toBe(graph);
    expect(blocksOf(graph)).toEqual(['layers.0', 'layers.1']);
  });
});
