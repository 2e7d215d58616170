import { describe, expect, it } from 'vitest';
import { waitFor } from '../../../runtime/engine/gpu/wait.ts';

const later = <T>(value: T, ms: number): Promise<T> => new Promise((resolve) => setTimeout(() => resolve(value), ms));

/** Turns of the event loop until the promise is kept. */
async function turnsUntil(promise: Promise<unknown>): Promise<number> {
  let turns = 0;
  let done = false;
  const turn = (): void => {
    turns++;
    if (!done) setImmediate(turn);
  };
  turn();
  await promise;
  done = true;
  return turns;
}

describe('waiting for a software adapter', () => {
  it('leaves the core to it', async () => {
    const [asleep, awake] = [waitFor(true), waitFor(false)];
    expect(await turnsUntil(asleep(later('read', 80)))).toBeLessThan((await turnsUntil(awake(later('read', 80)))) / 4);
  });

  it('gives what was promised, to all who wait, and stops with the last', async () => {
    const wait = waitFor(true);
    const waits = [wait(later(1, 1)), wait(later(2, 10)), wait(Promise.resolve(3))];
    await expect(wait(later('', 5).then(() => Promise.reject(new Error('lost'))))).rejects.toThrow('lost');
    await expect(Promise.all(waits)).resolves.toEqual([1, 2, 3]);
    expect(await turnsUntil(later('', 20))).toBeGreaterThan(100);
  });
});
