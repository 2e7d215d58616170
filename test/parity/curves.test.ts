// PyTorch's runs on real text, their first steps in float64: optimizer, clipping, schedule and decay as there. To the end, on
// the CPU: test/runtime/parity.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { trainGraphs } from '../../compiler/4-autograd/train-graph.ts';
import { TokenFile } from '../../runtime/data/token-file.ts';
import { readCurve } from '../../runtime/parity/curve/curve.ts';
import { curveSettings } from '../../runtime/parity/curve/measure-curve.ts';
import { learningRateScale } from '../../runtime/training/schedule.ts';
import { openHub } from '../../runtime/weights/hub-folder.ts';
import { curves } from '../runtime/parity/folders.ts';
import { Oracle } from './oracle.ts';

describe.skipIf(curves.length === 0).each(curves)('$name', ({ path }) => {
  it('the first steps in float64', { timeout: 180_000 }, async () => {
    const [curve, open] = [readCurve(path), await openHub(path)];
    const file = await TokenFile.open(join(path, 'tokens.safetensors'));
    const { model, weights } = open;
    const train = curveSettings(open, curve, file);
    const graphs = trainGraphs(model, { ...train, span: model.span });
    if (!('step' in graphs)) throw new Error('one graph per step expected');
    const oracle = await Oracle.open(open);
    for (const [i, { loss, gradNorm }] of curve.steps.slice(0, 3).entries()) {
      const { tokens, labels } = await file.sequences(i * file.batch, file.batch);
      const scalars = { loss_scale: [1 / labels.length], step: [i + 1], lr_scale: [learningRateScale(train.schedule, i, train.steps)] }; // prettier-ignore
      const outputs = oracle.run(graphs.step, { batch: file.batch, seq: file.seq }, { tokens, labels, ...scalars }); // prettier-ignore
      expect(Math.abs((outputs('loss')[0] ?? Number.NaN) - loss)).toBeLessThan(1e-5);
      expect(Math.abs((outputs('grad_norm')[0] ?? Number.NaN) / gradNorm - 1)).toBeLessThan(1e-4);
    }
    await Promise.all([weights.close(), file.close()]);
  });
});
