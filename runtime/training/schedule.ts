// Takes: a schedule and a step. Gives: the learning rate as a fraction of `lr`.
// Promises: a pure function of the step, so that resuming needs no state.
import type { ScheduleSpec } from '../../compiler/2-check/model.ts';

/**
 * Fraction of the peak learning rate for 0-based `step` of `steps`. Warm-up: (step + 1) / warmup for step < warmup.
 * cosine: floor + (1 - floor) (1 + cos(pi t)) / 2. wsd (arXiv 2404.06395): constant, then `decay` steps towards `floor`.
 */
export function learningRateScale(schedule: ScheduleSpec, step: number, steps: number): number {
  if (step < schedule.warmup) return (step + 1) / schedule.warmup;
  switch (schedule.kind) {
    case 'constant':
      return 1;
    case 'cosine':
      return towards(schedule.floor, decayShapes.cosine(progress(step, schedule.warmup, steps)));
    case 'wsd':
      return towards(schedule.floor, decayShapes[schedule.shape](progress(step, steps - schedule.decay, steps)));
  }
}

const towards = (floor: number, fraction: number): number => floor + (1 - floor) * fraction;

const progress = (step: number, from: number, to: number): number =>
  Math.min(1, Math.max(0, (step - from) / Math.max(1, to - from)));

/** 1 at t = 0, 0 at t = 1. */
const decayShapes: Record<Extract<ScheduleSpec, { kind: 'wsd' }>['shape'], (t: number) => number> = {
  linear: (t) => 1 - t,
  cosine: (t) => 0.5 * (1 + Math.cos(Math.PI * t)),
  minus_sqrt: (t) => 1 - Math.sqrt(t),
  exponential: (t) => 2 * 0.5 ** t - 1,
};
