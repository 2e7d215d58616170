import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { alignment, placeBlocks } from '../../../compiler/7-plan/memory/arena.ts';
import type { Block } from '../../../compiler/7-plan/memory/arena.ts';

const blocks = fc
  .array(fc.tuple(fc.integer({ min: 4, max: 5000 }), fc.nat(30), fc.nat(12)), { maxLength: 60 })
  .map((list) => list.map(([bytes, first, length], id): Block => ({ id, bytes, first, last: first + length })));

test('blocks alive together never overlap, whatever the lifetimes and the arena limit', () => {
  fc.assert(
    fc.property(blocks, fc.integer({ min: 20, max: 200 }), (list, pages) => {
      const limit = pages * alignment;
      const { places, sizes } = placeBlocks(list, limit, true);
      for (const size of sizes) expect(size).toBeLessThanOrEqual(limit);
      for (const a of list) {
        const here = places.get(a.id);
        if (!here) throw new Error(`block ${a.id} has no place`);
        expect(here.offset % alignment).toBe(0);
        expect(here.offset + a.bytes).toBeLessThanOrEqual(sizes[here.arena] ?? 0);
        for (const b of list.slice(0, a.id)) {
          const there = places.get(b.id);
          if (!there || there.arena !== here.arena || a.first > b.last || b.first > a.last) continue;
          const apart = here.offset + a.bytes <= there.offset || there.offset + b.bytes <= here.offset;
          expect(apart).toBe(true);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('a chain of values needs two places, not one each', () => {
  const chain = Array.from({ length: 20 }, (_, i): Block => ({ id: i, bytes: 1024, first: i, last: i + 1 }));
  expect(placeBlocks(chain, 2 ** 20, true).sizes).toEqual([2048]);
  expect(placeBlocks(chain, 2 ** 20, false).sizes).toEqual([20 * 1024]);
});

test('never below the most that is alive at once, and seldom far above', () => {
  fc.assert(
    fc.property(blocks, (list) => {
      const size = placeBlocks(list, 2 ** 30, true).sizes[0] ?? 0;
      const alive = (step: number): number =>
        list.reduce((sum, b) => sum + (b.first <= step && step <= b.last ? Math.ceil(b.bytes / alignment) * alignment : 0), 0); // prettier-ignore
      const peak = Array.from({ length: 50 }, (_, step) => alive(step)).reduce((a, b) => Math.max(a, b), 0);
      expect(size).toBeGreaterThanOrEqual(peak);
      expect(size).toBeLessThanOrEqual(2 * peak);
    }),
    { numRuns: 200 },
  );
});
