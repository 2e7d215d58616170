import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Allocator, alignment } from '../../../runtime/engine/cpu/allocator.ts';

const limit = 64 * alignment;
const start = 4 * alignment;

/** Sizes to take, and negative numbers: give back one of the places taken. */
const steps = fc.array(fc.integer({ min: -8, max: 12 * alignment }), { maxLength: 60 });

test('places are aligned, disjoint and below the limit; all memory comes back', () => {
  fc.assert(
    fc.property(steps, (acts) => {
      const allocator = new Allocator(start);
      const taken: { address: number; bytes: number }[] = [];
      for (const act of acts) {
        if (act < 0) {
          const [place] = taken.splice(act % Math.max(taken.length, 1), 1);
          if (place) allocator.give(place.address);
        } else {
          const address = allocator.take(act, limit);
          if (address !== null) taken.push({ address, bytes: Math.max(act, 1) });
        }
        const places = taken.toSorted((a, b) => a.address - b.address);
        for (const [i, { address, bytes }] of places.entries()) {
          expect(address % alignment).toBe(0);
          expect(address).toBeGreaterThanOrEqual(start);
          expect(address + bytes).toBeLessThanOrEqual(places[i + 1]?.address ?? allocator.end);
        }
        expect(allocator.end).toBeLessThanOrEqual(limit);
        const used = taken.reduce((sum, { bytes }) => sum + Math.ceil(bytes / alignment) * alignment, 0);
        expect(allocator.used).toBe(used);
      }
      for (const { address } of taken) allocator.give(address);
      expect([allocator.used, allocator.end]).toEqual([0, start]);
    }),
  );
});

test.each<[string, (a: Allocator) => unknown, unknown]>([
  ['neighbours are joined', (a) => {
    const [one = 0, two = 0] = [1, 2, 3].map(() => a.take(alignment, limit) ?? 0);
    a.give(two);
    a.give(one);
    return a.take(2 * alignment, limit);
  }, start],
  ['the smallest place that fits is taken', (a) => {
    const [large = 0, , small = 0] = [3, 1, 2, 1].map((n) => a.take(n * alignment, limit) ?? 0);
    a.give(large);
    a.give(small);
    return a.take(2 * alignment, limit) === small;
  }, true],
  ['what does not fit is refused, what fits behind it is not', (a) => [a.take(limit, limit), a.take(limit - start, limit)], [null, start]],
  ['a place is given back once', (a) => {
    const one = a.take(alignment, limit) ?? 0;
    a.give(one);
    a.give(one);
    return [a.take(alignment, limit), a.take(alignment, limit)];
  }, [start, start + alignment]],
] as const)('%s', (_, act, expected) => {
  expect(act(new Allocator(start))).toEqual(expected);
}); // prettier-ignore
