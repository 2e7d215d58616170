import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Access } from '../../../compiler/7-plan/schedule/access.ts';
import { dependencies } from '../../../compiler/7-plan/schedule/dependencies.ts';
import { schedule } from '../../../compiler/7-plan/schedule/schedule.ts';

const limits = { maxStorageBindings: 10, maxWorkgroupStorage: 16384 };

function parts(accesses: readonly Access[], families: readonly string[] = []) {
  return accesses.map(({ reads, writes }, i) => ({
    family: families[i] ?? 'map',
    tensors: [...new Set([...reads, ...writes])],
    workgroupSize: 64,
    workgroups: 1,
    workgroupBytes: 0,
  }));
}

function run(accesses: readonly Access[], families?: readonly string[]) {
  return schedule(parts(accesses, families), dependencies(accesses), limits, true);
}

const access = (reads: number[], writes: number[]): Access => ({ reads, writes });

test.each<[string, Access[], number[][]]>([
  ['read after write', [access([], [1]), access([1], [2])], [[], [0]]],
  ['write after read', [access([1], [2]), access([], [1])], [[], [0]]],
  ['write after write', [access([], [1]), access([], [1])], [[], [0]]],
  ['in place, then read', [access([1], [1]), access([1], [2])], [[], [0]]],
  ['two readers', [access([], [1]), access([1], [2]), access([1], [3]), access([], [1])], [[], [0], [0], [0, 1, 2]]],
])('%s', (_, accesses, waits) => {
  expect(dependencies(accesses)).toEqual(waits);
});

describe('packing', () => {
  test('independent parts share a dispatch, dependent ones do not', () => {
    const q = access([1], [2]);
    const k = access([1], [3]);
    const v = access([1], [4]);
    const attention = access([2, 3, 4], [5]);
    expect(run([q, k, v, attention], ['contract', 'contract', 'contract', 'attention'])).toEqual([[0, 1, 2], [3]]);
  });

  test('a part moves up over what it does not depend on', () => {
    const dy = access([1], [2]);
    const dx = access([2], [3]);
    const dnorm = access([3], [4]);
    const dw = access([2], [5]);
    expect(run([dy, dx, dnorm, dw], ['map', 'contract', 'row', 'contract'])).toEqual([[0], [1, 3], [2]]);
  });

  test('bindings stay within the limit; a shared tensor counts once', () => {
    const readers = Array.from({ length: 12 }, (_, i) => access([0], [i + 1]));
    expect(run(readers).map((dispatch) => dispatch.length)).toEqual([8, 4]);
    const wide = Array.from({ length: 4 }, (_, i) => access([4 * i, 4 * i + 1, 4 * i + 2], [4 * i + 3]));
    expect(run(wide).map((dispatch) => dispatch.length)).toEqual([2, 2]);
  });

  test('parts of different size or heavy and light parts stay apart', () => {
    const [a, b] = [access([1], [2]), access([1], [3])];
    expect(run([a, b], ['contract', 'map'])).toEqual([[0], [1]]);
    const [x, y] = parts([a, b]);
    if (x && y) expect(schedule([x, { ...y, workgroupSize: 128 }], [[], []], limits, true)).toEqual([[0], [1]]);
  });

  test('a part that could run long before stays near its place', () => {
    const chain = Array.from({ length: 20 }, (_, i) => access([i], [i + 1]));
    const recomputed = access([0], [99]);
    const last = run([...chain, recomputed]).findIndex((dispatch) => dispatch.includes(20));
    expect(last).toBeGreaterThanOrEqual(14);
  });
});

const programs = fc.array(
  fc.tuple(fc.uniqueArray(fc.nat(9), { maxLength: 4 }), fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 2 })),
  { maxLength: 40 },
);

test('any schedule gives every reader the value it would have read in order, and no two parts of a dispatch meet', () => {
  fc.assert(
    fc.property(programs, (list) => {
      const accesses = list.map(([reads, writes]) => access(reads, writes));
      const dispatches = run(accesses);
      expect(dispatches.flat().toSorted((a, b) => a - b)).toEqual(accesses.map((_, i) => i));
      expect(observe(accesses, dispatches.flat())).toEqual(observe(accesses, accesses.map((_, i) => i))); // prettier-ignore
      for (const dispatch of dispatches) {
        for (const a of dispatch) {
          for (const b of dispatch) {
            if (a === b) continue;
            const touched = [...(accesses[b]?.reads ?? []), ...(accesses[b]?.writes ?? [])];
            expect(accesses[a]?.writes.some((tensor) => touched.includes(tensor))).toBe(false);
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});

/** For every part, who wrote what it reads; and who wrote each tensor last. */
function observe(accesses: readonly Access[], order: readonly number[]) {
  const writer = new Map<number, number>();
  const seen: (number | undefined)[][] = accesses.map(() => []);
  for (const index of order) {
    seen[index] = accesses[index]?.reads.map((tensor) => writer.get(tensor)) ?? [];
    for (const tensor of accesses[index]?.writes ?? []) writer.set(tensor, index);
  }
  return { seen, last: [...writer].toSorted(([a], [b]) => a - b) };
}

test('parts that see a tensor in different elements stay apart', () => {
  const accesses = [access([1], [2]), access([1], [3]), access([1], [4])];
  const seen = parts(accesses).map((part, i) => (i === 1 ? part : { ...part, wide: [1] }));
  expect(schedule(seen, dependencies(accesses), limits, true)).toEqual([[0, 2], [1]]);
});

test('heavy parts that fill a GPU stay alone, light ones do not', () => {
  const accesses = [access([1], [2]), access([3], [4]), access([5], [6])];
  const sized = (family: string, counts: readonly number[]) =>
    parts(accesses, [family, family, family]).map((part, i) => ({ ...part, workgroups: counts[i] ?? 1 }));
  const run = (family: string, counts: readonly number[]) => schedule(sized(family, counts), dependencies(accesses), limits, true); // prettier-ignore
  expect(run('contract', [100, 2048, 36])).toEqual([[0, 2], [1]]);
  expect(run('map', [100, 2048, 36])).toEqual([[0, 1, 2]]);
  const brief = sized('contract', [100, 2048, 36]).map((part) => ({ ...part, isBrief: true }));
  expect(schedule(brief, dependencies(accesses), limits, true)).toEqual([[0, 1, 2]]);
});
