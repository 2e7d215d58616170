// Training steps in mixed precision: gradients, shadows, and the scale of the loss.
import { describe, expect, it } from 'vitest';
import type { MixedPrecision, OptimizerSpec, TrainSpec } from '../../../compiler/2-check/model.ts';
import { parameters } from '../../../compiler/2-check/parameters/parameters.ts';
import { evaluate } from '../../../compiler/3-graph/evaluate.ts';
import { roundToHalf } from '../../../compiler/3-graph/expr/half.ts';
import type { Graph } from '../../../compiler/3-graph/ops.ts';
import { trainGraphs } from '../../../compiler/4-autograd/train-graph.ts';
import { makeModel, makeTrain } from '../3-graph/model/model-builder.ts';
import { randomWeights } from '../3-graph/model/random-model.ts';

type Values = Map<string, ArrayLike<number>>;

const precision: MixedPrecision = { compute: 'f16', logits: 'f32', keep: [] };
const adamw: OptimizerSpec = { kind: 'adamw', params: ['all'], lr: 0.01, betas: [0.9, 0.95], eps: 1e-8, weightDecay: 0.1, noDecay: ['vector'] }; // prettier-ignore
const sizes = { batch: 2, seq: 4 };
const model = makeModel({ embed: { tied: true } });
const names = parameters(model).map(({ name }) => name);

const inputs: Values = new Map<string, ArrayLike<number>>([
  ['tokens', [3, 0, 6, 2, 2, 5, 1, 4]],
  ['labels', [1, 2, 6, 0, 3, 5, 5, 2]],
  ['loss_scale', [1 / 8]],
  ['lr_scale', [1]],
]);

/** Runs the graphs of one step; `values` then holds what they leave. */
function step(train: TrainSpec, values: Values, number = 1): Record<string, number> {
  const results: Record<string, number> = {};
  for (const graph of Object.values<Graph>(trainGraphs(model, train))) {
    const { outputs, updates } = evaluate(graph, sizes, new Map([...inputs, ['step', [number]], ...values]));
    for (const [name, value] of updates) values.set(name, value.data);
    for (const [name, value] of outputs) results[name] = value.data[0] ?? NaN;
  }
  return results;
}

const start = (states: Record<string, number> = {}): Values =>
  new Map([...randomWeights(model), ...Object.entries(states).map(([name, value]): [string, number[]] => [name, [value]])]); // prettier-ignore

const scalar = (values: Values, name: string): number => values.get(name)?.[0] ?? NaN;

describe.each([1, 2])('accumulate = %i', (accumulate) => {
  it('gradients are those of f32, but for rounding, whatever the scale', () => {
    const exact = start();
    const norm = step(makeTrain({ accumulate }), exact)['grad_norm'] ?? NaN;
    for (const scale of [1, 1024, 2 ** 16]) {
      const rounded = start({ 'scale.value': scale });
      const results = step(makeTrain({ accumulate, precision }), rounded);
      expect(results['skipped']).toBe(0);
      expect(Math.abs((results['grad_norm'] ?? NaN) / norm - 1)).toBeLessThan(0.01);
      for (const name of names) {
        const [a, b] = [Array.from(rounded.get(name) ?? []), Array.from(exact.get(name) ?? [])];
        const error = Math.hypot(...a.map((x, i) => x - (b[i] ?? NaN)));
        expect(error, name).toBeLessThan(0.02 * norm);
      }
    }
  });

  it('shadows are the rounded parameters after the step', () => {
    const values = start();
    step(makeTrain({ accumulate, precision, optimizers: [adamw] }), values);
    const shadowed = names.filter((name) => values.has(`half.${name}`));
    expect(shadowed).toEqual(names.filter((name) => !name.endsWith('.gain')));
    for (const name of shadowed)
      expect(Array.from(values.get(`half.${name}`) ?? [])).toEqual(Array.from(values.get(name) ?? [], roundToHalf));
  });
});

describe('the scale of the loss', () => {
  const train = makeTrain({ precision, optimizers: [adamw], clipNorm: 1 });

  it('begins at 2^16 and counts good steps', () => {
    const values = start();
    expect(step(train, values)).toMatchObject({ scale: 2 ** 16, skipped: 0 });
    expect([scalar(values, 'scale.value'), scalar(values, 'scale.good')]).toEqual([2 ** 16, 1]);
  });

  it('is doubled after 2000 good steps', () => {
    const values = start({ 'scale.value': 512, 'scale.good': 1999 });
    expect(step(train, values)).toMatchObject({ scale: 1024, skipped: 0 });
    expect(scalar(values, 'scale.good')).toBe(0);
  });

  it('is halved by a step whose gradients overflow, which changes nothing', () => {
    const values = start({ 'scale.value': 2 ** 24, 'scale.good': 50, 'scale.skipped': 2 });
    // Gradients of the logits beyond 65504.
    values.set('loss_scale', [64]);
    const before = new Map(values);
    expect(step(train, values)).toMatchObject({ scale: 2 ** 23, skipped: 3 });
    expect(scalar(values, 'scale.good')).toBe(0);
    for (const name of names) expect(Array.from(values.get(name) ?? [])).toEqual(Array.from(before.get(name) ?? []));
    for (const name of names) expect(Array.from(values.get(`adam.m.${name}`) ?? []).every((x) => x === 0)).toBe(true);
  });

  it('steps that are left out do not count in the corrections of Adam', () => {
    const [late, early] = [start({ 'scale.skipped': 4 }), start()];
    step(train, late, 5);
    step(train, early, 1);
    expect(Array.from(late.get('embed.weight') ?? [])).toEqual(Array.from(early.get('embed.weight') ?? []));
  });
});
