// Takes: small models. Gives: proof that what training is said to keep is what its Plan holds.
import { describe, expect, it } from 'vitest';
import { compileTraining } from '../../../compiler/compile.ts';
import { planStats } from '../../../compiler/7-plan/plan-stats.ts';
import { defaultTarget } from '../../../compiler/7-plan/default-target.ts';
import { costsOf } from '../../../compiler/explain/cost/cost.ts';
import { trainingMemory } from '../../../compiler/explain/cost/training/memory.ts';
import { modelOf } from '../2-check/prelude.ts';
import { makeTrain } from '../3-graph/model/model-builder.ts';

const file = (parts: string): string =>
  `model M { vocab = 256; context = 256; d_model = 128; n_layers = 4\n ${parts}\n}`;
const adamw = { kind: 'adamw', params: ['all'], lr: 1e-3, betas: [0.9, 0.95], eps: 1e-8, weightDecay: 0, noDecay: [] } as const; // prettier-ignore
const train = makeTrain({ model: 'M', batch: 4, seq: 256, optimizers: [adamw] });
const attn = 'mixer attn = gqa { heads = 4; kv_heads = 2; rope { theta = 10_000 } }';

describe('activations', () => {
  const cases = [
    ['glu', `${attn}; ffn mlp = glu { }`],
    ['mlp', `${attn}; ffn mlp = mlp { act = gelu_tanh }`],
    ['windows', 'mixer attn = gqa { heads = 4; mask = causal & window(32) }; ffn mlp = glu { }'],
    ['sandwich', `${attn}; ffn mlp = glu { }; block = sandwich(attn, mlp)`],
    ['qk norm', 'mixer attn = gqa { heads = 4; qk_norm = rms(per = head) }; ffn mlp = glu { }'],
    ['parallel', `${attn}; ffn mlp = glu { }; block = parallel1(attn, mlp)`],
  ] as const;

  it.each(cases)('%s: the arena of the training step within 5 %%', (_, parts) => {
    const model = modelOf(file(parts));
    const plans = compileTraining(model, train, { target: defaultTarget });
    if (plans.kind !== 'whole') throw new Error('it accumulates');
    const { activationsPerToken } = trainingMemory(model, costsOf(model).parameters, 256, 'f32');
    const ratio = planStats(plans.step).arenaBytes / (4 * 256 * activationsPerToken);
    expect(ratio).toBeGreaterThan(0.95);
    expect(ratio).toBeLessThan(1.05);
  });

  it('of a pre-norm layer by hand', () => {
    const model = modelOf(file(`${attn}; ffn mlp = glu { width = 320 }`));
    const { activationsPerToken, recomputedPerToken } = trainingMemory(model, costsOf(model).parameters, 256, 'f32');
    // h, y and both normed; q, k, v, out and 4 logsumexps; gate, up, product.
    const layer = 4 * 128 + (128 + 64 + 64 + 128 + 4) + 3 * 320;
    const ends = 128 + 128 + 2 * 256;
    expect(activationsPerToken).toBe(4 * (4 * layer + ends));
    expect(recomputedPerToken).toBe(4 * (4 * 128 + layer + ends));
  });

  it('parameters are 16 bytes each with adamw', () => {
    const model = modelOf(file(`${attn}; ffn mlp = glu { }`));
    const { parameters, training } = costsOf(model);
    expect(training.weights + training.gradients + training.moments).toBe(16 * parameters.total);
  });
});
