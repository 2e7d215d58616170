import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trainGraphs } from '../../compiler/4-autograd/train-graph.ts';
import type { EngineDevice } from '../../runtime/engine/engine-device.ts';
import { openDevice } from '../../runtime/engine/open-device.ts';
import { curveNames, hasCurve, readCurve, type Curve } from './curves.ts';
import { openOn } from './device-session.ts';
import { openOracle, type OpenSession } from './session.ts';

let cpu: EngineDevice;
beforeAll(async () => {
  cpu = await openDevice({ device: 'cpu', threads: 1 });
});
afterAll(() => cpu.close());

/** [loss before the step, norm of the gradient before clipping] of the first `count` steps. */
async function follow(curve: Curve, open: OpenSession, count: number): Promise<(readonly [number, number])[]> {
  const { model, train, weights, batches, steps } = curve;
  const graphs = trainGraphs(model, train);
  if (!('step' in graphs)) throw new Error('one graph per step expected');
  const session = await open(weights);
  const followed: (readonly [number, number])[] = [];
  for (const [i, batch] of batches.slice(0, count).entries()) {
    const inputs = {
      ...batch,
      loss_scale: [1 / batch.labels.length],
      step: [i + 1],
      lr_scale: [steps[i]?.lrScale ?? NaN],
    };
    const outputs = await session.run(graphs.step, { batch: train.batch, seq: train.seq }, inputs);
    followed.push([outputs.get('loss')?.[0] ?? NaN, outputs.get('grad_norm')?.[0] ?? NaN]);
  }
  return followed;
}

/**
 * This run sits on a saddle (attention that sees nothing yet) until step 70, and leaves it by whatever rounding gave it: from
 * there a difference grows threefold in 3 steps. The float64 oracle is 3e-3 away from PyTorch at step 83, and on its way.
 */
const leftSaddle: Readonly<Record<string, number>> = { gpt2_shakespeare: 70 };

// PyTorch's runs on real text: optimizer, clipping, schedule and decay as there.
describe.each(curveNames)('%s', (name) => {
  const here = it.skipIf(!hasCurve(name));

  here('the first steps in float64', async () => {
    const curve = await readCurve(name);
    for (const [i, [loss, norm]] of (await follow(curve, openOracle, 3)).entries()) {
      expect(Math.abs(loss - (curve.steps[i]?.loss ?? NaN))).toBeLessThan(1e-5);
      expect(Math.abs(norm - (curve.steps[i]?.gradNorm ?? NaN))).toBeLessThan(1e-4 * norm);
    }
  });

  // With PARITY=all to the end.
  here('the run on the CPU', async () => {
    const curve = await readCurve(name);
    const steps = Math.min(leftSaddle[name] ?? Infinity, process.env['PARITY'] === 'all' ? curve.steps.length : 60);
    const followed = await follow(curve, openOn(cpu), steps);
    const errors = followed.map(([loss], i) => loss - (curve.steps[i]?.loss ?? NaN));
    expect(errors).toHaveLength(steps);
    const worst = (part: readonly number[]): number => Math.max(...part.map(Math.abs));
    expect(worst(errors.slice(0, 20))).toBeLessThan(1e-4);
    const norms = followed.slice(0, 20).map(([, norm], i) => norm / (curve.steps[i]?.gradNorm ?? NaN) - 1);
    expect(worst(norms)).toBeLessThan(1e-4);
    expect(worst(errors)).toBeLessThan(1e-2);
    expect(Math.abs(errors.slice(-20).reduce((sum, error) => sum + error, 0) / 20)).toBeLessThan(2e-3);
  });
});
