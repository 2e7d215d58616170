// Takes: a reference curve and one run or several. Gives: how far they are apart, and whether that is within bounds.
// Promises: one run is held to the plain tolerances. Further runs, which differ from the first by rounding alone, show where
// the curve is no function of its start any more: there two runs may lie apart by what rounding does to each of them, and
// nowhere else by more than the strict tolerance of the first steps.
import type { StepResult } from '../../training/trainer.ts';
import type { Curve } from './curve.ts';
import { finite } from '../numbers.ts';
import { type Check, type CurveCheck, type Rounding, withinTolerance } from '../result.ts';

/** Losses in nats, norms by their ratio; of the first steps, of all, of the mean over the last ones. */
const tolerance = { first: 1e-4, all: 1e-2, last: 2e-3, lr: 1e-6 };
const ends = 20;

export interface Judged {
  readonly checks: Readonly<Record<CurveCheck, Check>>;
  readonly pass: boolean;
  readonly rounding: Rounding | null;
  /** Whether runs that differ by rounding could still make it pass: what is wrong at the start, they do not excuse. */
  readonly open: boolean;
}

export function judgeCurve(curve: Curve, runs: readonly (readonly StepResult[])[]): Judged {
  const [plain = [], ...moved] = runs;
  const losses = errorsOf(plain, (step, i) => step.loss - (curve.steps[i]?.loss ?? Number.NaN));
  const norms = errorsOf(plain, (step, i) => ratio(step.gradNorm, curve.steps[i]?.gradNorm ?? Number.NaN));
  const lossSpread = spreadOf(plain, moved, (step, other) => step.loss - other.loss);
  const normSpread = spreadOf(plain, moved, (step, other) => ratio(step.gradNorm, other.gradNorm));
  // A run that needs the excuse of rounding is held to the strict tolerance until rounding explains more.
  const bound = moved.length === 0 ? tolerance.all : tolerance.first;
  const lastBound = Math.max(tolerance.last, 2 * Math.max(0, ...moved.map((run) => Math.abs(lastMean(run) - lastMean(plain))))); // prettier-ignore
  const wantedMean = mean(curve.steps.slice(-ends).map(({ loss }) => loss));
  const checks = {
    first: worst(losses.slice(0, ends), () => tolerance.first),
    all: worst(losses, (i) => Math.max(bound, 2 * (lossSpread[i] ?? 0))),
    last: { error: finite(Math.abs(lastMean(plain) - wantedMean)), tolerance: lastBound },
    grad_norm_first: worst(norms.slice(0, ends), () => tolerance.first),
    grad_norm: worst(norms, (i) => Math.max(bound, 2 * (normSpread[i] ?? 0))),
    lr: worst(errorsOf(plain, ({ lrScale }, i) => lrScale - (curve.steps[i]?.lr ?? Number.NaN) / curve.lr), () => tolerance.lr), // prettier-ignore
  };
  const from = lossSpread.findIndex((spread) => 2 * spread > tolerance.all);
  const before = Math.max(0, ...losses.slice(0, from < 0 ? losses.length : from));
  const rounding = { runs: moved.length, from: from < 0 ? null : from + 1, before, spread: lossSpread.at(-1) ?? 0 };
  return {
    checks,
    pass: Object.values(checks).every(withinTolerance),
    rounding: moved.length === 0 ? null : rounding,
    open: [checks.first, checks.grad_norm_first, checks.lr].every(withinTolerance),
  };
}

function errorsOf(run: readonly StepResult[], error: (step: StepResult, i: number) => number): number[] {
  return run.map((step, i) => finite(Math.abs(error(step, i))));
}

/** Up to each step, the largest difference of a run from the plain one. */
function spreadOf(
  plain: readonly StepResult[],
  moved: readonly (readonly StepResult[])[],
  difference: (step: StepResult, other: StepResult) => number,
): number[] {
  let most = 0;
  return plain.map((step, i) => {
    for (const run of moved) {
      const other = run[i];
      // A run that is no number shows nothing of the size of rounding.
      const apart = other === undefined ? Number.NaN : Math.abs(difference(step, other));
      if (Number.isFinite(apart)) most = Math.max(most, apart);
    }
    return most;
  });
}

/** The error that is nearest to its bound, or furthest beyond it. */
function worst(errors: readonly number[], bound: (i: number) => number): Check {
  return errors.reduce<Check>(
    (most, error, i) =>
      error / bound(i) > most.error / most.tolerance ? { error, tolerance: bound(i), at: `step ${i + 1}` } : most,
    { error: 0, tolerance: bound(0) },
  );
}

/** As a relative error where it is small, and the same both ways where it is not. */
const ratio = (value: number, other: number): number => Math.log(value / other);

const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;

const lastMean = (run: readonly StepResult[]): number => mean(run.slice(-ends).map(({ loss }) => loss));
