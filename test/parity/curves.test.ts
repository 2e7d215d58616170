import { describe, expect, it } from 'vitest';
import { trainGraphs } from '../../compiler/4-autograd/train-graph.ts';
import { curveNames, hasCurve, readCurve } from './curves.ts';
import { openOracle } from './session.ts';

// The first steps of PyTorch's runs on real text, in float64: optimizer, clipping and decay as there.
describe.each(curveNames)('%s in float64', (name) => {
  it.skipIf(!hasCurve(name))('follows the first steps', async () => {
    const { model, train, weights, batches, steps } = await readCurve(name);
    const graphs = trainGraphs(model, train);
    if (!('step' in graphs)) throw new Error('one graph per step expected');
    const session = await openOracle(weights);
    for (const [i, batch] of batches.slice(0, 3).entries()) {
      const inputs = {
        ...batch,
        loss_scale: [1 / batch.labels.length],
        step: [i + 1],
        lr_scale: [steps[i]?.lrScale ?? NaN],
      };
      const outputs = await session.run(graphs.step, { batch: train.batch, seq: train.seq }, inputs);
      const [loss = NaN, norm = NaN] = [outputs.get('loss')?.[0], outputs.get('grad_norm')?.[0]];
      expect(Math.abs(loss - (steps[i]?.loss ?? NaN))).toBeLessThan(1e-5);
      expect(Math.abs(norm - (steps[i]?.gradNorm ?? NaN))).toBeLessThan(1e-4 * norm);
    }
  });
});
