import { describe, expect, it } from 'vitest';
import type { ScheduleSpec } from '../../../compiler/2-check/model.ts';
import { initialValues } from '../../../runtime/training/initialize.ts';
import { learningRateScale } from '../../../runtime/training/schedule.ts';

const cosine: ScheduleSpec = { kind: 'cosine', warmup: 10, floor: 0.1 };
const wsd = (shape: 'linear' | 'cosine' | 'minus_sqrt' | 'exponential'): ScheduleSpec => ({ kind: 'wsd', warmup: 10, decay: 20, shape, floor: 0 }); // prettier-ignore

describe('learning rate over 100 steps, as a fraction of lr', () => {
  it.each([
    ['warm-up begins above zero', cosine, 0, 0.1],
    ['warm-up ends at its last step', cosine, 9, 1],
    ['cosine at its start', cosine, 10, 1],
    ['cosine half way', cosine, 55, 0.55],
    ['cosine ends at the floor', cosine, 100, 0.1],
    ['constant', { kind: 'constant', warmup: 4 } as const, 50, 1],
    ['constant warms up', { kind: 'constant', warmup: 4 } as const, 1, 0.5],
    ['wsd is stable', wsd('linear'), 79, 1],
    ['wsd linear', wsd('linear'), 90, 0.5],
    ['wsd cosine', wsd('cosine'), 90, 0.5],
    ['wsd minus_sqrt', wsd('minus_sqrt'), 85, 0.5],
    ['wsd exponential', wsd('exponential'), 90, Math.SQRT2 - 1],
    ['wsd ends at the floor', wsd('exponential'), 100, 0],
    ['no warm-up', { kind: 'cosine', warmup: 0, floor: 0 } as const, 0, 1],
  ] as const)('%s', (_, schedule, step, expected) => {
    expect(learningRateScale(schedule, step, 100)).toBeCloseTo(expected, 12);
  });
});

describe('initial weights', () => {
  const moments = (values: Float32Array): [number, number] => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return [mean, Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)];
  };

  it('have the mean and deviation asked for', () => {
    const [mean, std] = moments(initialValues('w', 40_000, { kind: 'normal', std: 0.02 }, 1));
    expect(Math.abs(mean)).toBeLessThan(4e-4);
    expect(std).toBeCloseTo(0.02, 3);
  });

  it('truncate by drawing again', () => {
    const values = initialValues('w', 40_000, { kind: 'trunc_normal', std: 1, cut: 1 }, 1);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(1);
    expect(moments(values)[1]).toBeCloseTo(0.5396, 2);
  });

  it('fill a uniform range', () => {
    const values = initialValues('w', 10_000, { kind: 'uniform', bound: 0.5 }, 1);
    expect(Math.max(...values)).toBeGreaterThan(0.49);
    expect(Math.min(...values)).toBeLessThan(-0.49);
    expect(moments(values)[1]).toBeCloseTo(0.5 / Math.sqrt(3), 2);
  });

  it('depend on the name and the seed and nothing else', () => {
    const init = { kind: 'normal', std: 1 } as const;
    const first = initialValues('a', 8, init, 1);
    expect(initialValues('a', 8, init, 1)).toEqual(first);
    expect(initialValues('a', 8, init, 2)).not.toEqual(first);
    expect(initialValues('b', 8, init, 1)).not.toEqual(first);
    expect(initialValues('a', 4, { kind: 'constant', value: 3 }, 1)).toEqual(Float32Array.of(3, 3, 3, 3));
  });
});
