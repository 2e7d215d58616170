// When a curve counts as followed: plain tolerances for one run, rounding as an excuse only where it is one.
import { describe, expect, it } from 'vitest';
import { judgeCurve } from '../../../runtime/parity/curve/judge-curve.ts';
import type { StepResult } from '../../../runtime/training/trainer.ts';

const steps = 100;
/** `error`: of the loss before 0-based step i. */
const run = (error: (i: number) => number, norm: (i: number) => number = () => 0): StepResult[] =>
  Array.from({ length: steps }, (_, i) => ({
    loss: 3 + error(i),
    gradNorm: 2 * (1 + norm(i)),
    lrScale: 1 - i / 200,
    scale: null,
  }));

const curve = {
  trainBlock: '',
  lr: 1e-3,
  steps: run(() => 0).map(({ loss, gradNorm, lrScale }) => ({ loss, gradNorm, lr: lrScale * 1e-3 })),
};

/** A saddle that is left by rounding at step 70: what differs by `size` grows by half each step, to at most 0.1. */
const leaves = (size: number) => (i: number) => Math.sign(size) * Math.min(0.1, Math.abs(size) * 1.5 ** (i - 70));

describe('one run', () => {
  it.each<[string, (i: number) => number, boolean]>([
    ['exactly', () => 0, true],
    ['within rounding', (i) => 1e-6 * Math.sin(i), true],
    ['0.9e-4 off at the start', (i) => (i < 20 ? 0.9e-4 : 0), true],
    ['1.1e-4 off at step 20', (i) => (i === 19 ? 1.1e-4 : 0), false],
    ['1.1e-4 off at step 21', (i) => (i === 20 ? 1.1e-4 : 0), true],
    ['1.1e-2 off at step 50', (i) => (i === 49 ? 1.1e-2 : 0), false],
    ['2.1e-3 off over the last 20', (i) => (i >= 80 ? 2.1e-3 : 0), false],
    ['2.1e-3 off and back over the last 20', (i) => (i >= 80 ? 2.1e-3 * (-1) ** i : 0), true],
    ['no number', (i) => (i === 60 ? Number.NaN : 0), false],
  ])('%s', (_, error, pass) => {
    expect(judgeCurve(curve, [run(error)])).toMatchObject({ pass, rounding: null });
  });

  it('is held to its gradient norms and learning rates too', () => {
    const norms = judgeCurve(curve, [run(() => 0, (i) => (i === 3 ? 2e-4 : 0))]); // prettier-ignore
    expect(norms).toMatchObject({ pass: false, checks: { grad_norm_first: { at: 'step 4' } } });
    const rates = run(() => 0).map((step, i) => (i === 30 ? { ...step, lrScale: 0.8 } : step));
    expect(judgeCurve(curve, [rates])).toMatchObject({ pass: false, open: false, checks: { lr: { at: 'step 31' } } });
  });
});

describe('runs that differ by rounding', () => {
  const strays = run(leaves(1e-4));

  it('excuse what rounding does, and say from where', () => {
    expect(judgeCurve(curve, [strays])).toMatchObject({ pass: false, open: true });
    const judged = judgeCurve(curve, [strays, run(leaves(-1e-4))]);
    // Twice the spread is above 1e-2 once 4e-4 * 1.5^n is: after 8 steps.
    expect(judged).toMatchObject({ pass: true, rounding: { runs: 1, from: 79 } });
    expect(judged.rounding?.before).toBeCloseTo(1e-4 * 1.5 ** 7, 6);
    expect(judged.rounding?.spread).toBeCloseTo(0.2, 5);
  });

  it('do not excuse more than twice their spread', () => {
    expect(judgeCurve(curve, [strays, run(leaves(0.9e-4))])).toMatchObject({ pass: false });
    expect(judgeCurve(curve, [strays, run(leaves(0.9e-4)), run(leaves(0))])).toMatchObject({ pass: true });
  });

  it('do not excuse what is off before they part', () => {
    const drifting = (size: number) => run((i) => leaves(size)(i) + (i >= 30 ? 3e-4 : 0));
    expect(judgeCurve(curve, [drifting(1e-4), drifting(-1e-4)])).toMatchObject({ pass: false, open: true });
    const wrong = run((i) => leaves(1e-4)(i) + 2e-4);
    expect(judgeCurve(curve, [wrong, run(() => 0)])).toMatchObject({ pass: false, open: false });
  });

  it('that are no numbers excuse nothing', () => {
    expect(judgeCurve(curve, [strays, run(() => Number.NaN)])).toMatchObject({ pass: false });
  });
});
