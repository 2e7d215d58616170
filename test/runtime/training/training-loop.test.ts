// The order in which a loop asks for steps, reads their metrics, validates and saves.
import { describe, expect, test } from 'vitest';
import { TrainingLoop } from '../../../runtime/training/training-loop.ts';
import type { StepResult, TrainingSteps } from '../../../runtime/training/trainer.ts';
import type { TrainSettings } from '../../../runtime/training/checkpoint.ts';
import { UserError } from '../../../runtime/user-error.ts';

const settings = { batch: 2, seq: 8, steps: 6, saveEvery: 4, validation: { every: 3 } } as unknown as TrainSettings;

/** What happened, in order: `q0` step 0 queued, `r0` its result read, `v` a validation. */
function recorded(lossOf: (step: number) => number = (step) => step): { events: string[]; trainer: TrainingSteps } {
  const events: string[] = [];
  const resultOf = async (step: number): Promise<StepResult> => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    events.push(`r${step}`);
    return { loss: lossOf(step), gradNorm: 1, lrScale: 1, scale: null };
  };
  const trainer: TrainingSteps = {
    step: resultOf,
    queue: (step) => {
      events.push(`q${step}`);
      return Promise.resolve({ result: resultOf(step) });
    },
    validate: () => {
      events.push('v');
      return Promise.resolve(0.5);
    },
  };
  return { events, trainer };
}

const start = { done: 0, validation: null, seconds: 0 };

describe('steps of a run', () => {
  test('the next is queued before the metrics of one are read, but not across a validation or a save', async () => {
    const { events, trainer } = recorded();
    const loop = new TrainingLoop(trainer, settings, start);
    const losses: number[] = [];
    while (loop.done < 6) losses.push((await loop.next(() => true)).loss);
    expect(losses).toEqual([0, 1, 2, 3, 4, 5]);
    expect(events.join(' ')).toBe('q0 q1 r0 q2 r1 r2 v q3 r3 q4 q5 r4 r5 v');
  });

  test('a stop asked for leaves no step behind', async () => {
    const { events, trainer } = recorded();
    const loop = new TrainingLoop(trainer, settings, start);
    await loop.next(() => true);
    expect([loop.done, loop.isUnderWay]).toEqual([1, true]);
    await loop.next(() => false);
    expect([loop.done, loop.isUnderWay]).toEqual([2, false]);
    expect(events.join(' ')).toBe('q0 q1 r0 r1');
  });

  test('one at a time where nobody says that it goes on', async () => {
    const { events, trainer } = recorded();
    const loop = new TrainingLoop(trainer, settings, start);
    await loop.next();
    await loop.next();
    expect(events.join(' ')).toBe('q0 r0 q1 r1');
  });

  test('a loss that is no number is told with its step, whatever is under way', async () => {
    const { trainer } = recorded((step) => (step === 1 ? Number.NaN : 1));
    const loop = new TrainingLoop(trainer, settings, start);
    await loop.next(() => true);
    await expect(loop.next(() => true)).rejects.toThrow(/the loss is NaN at step 2/);
    await expect(new TrainingLoop(trainer, settings, { ...start, done: 1 }).next()).rejects.toThrow(UserError);
  });
});
