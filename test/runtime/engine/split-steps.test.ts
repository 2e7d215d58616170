import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitSteps } from '../../../runtime/engine/cpu/split-steps.ts';

/** `step begin-end` of every piece, chunks apart by a space, what waits for one another by a bar. */
function print(workgroups: readonly number[], threads: number): string {
  const { pieces, starts, gates } = splitSteps(workgroups, threads);
  return Array.from(gates, (gate, c) => {
    const text = [];
    for (let p = starts[c] ?? 0; p < (starts[c + 1] ?? 0); p++) text.push(`${pieces[3 * p]}:${pieces[3 * p + 1]}-${pieces[3 * p + 2]}`); // prettier-ignore
    return `${c > 0 && gate === c ? '| ' : ''}${text.join(' then ')}`;
  }).join('  ');
}

test.each<[readonly number[], number, string]>([
  [[1], 2, '0:0-1'],
  [[3], 2, '0:0-1  0:1-2  0:2-3'],
  [[16], 2, '0:0-4  0:4-7  0:7-10  0:10-12  0:12-13  0:13-14  0:14-15  0:15-16'],
  [[1, 1, 2, 1, 1], 2, '0:0-1 then 1:0-1  | 2:0-1  2:1-2  | 3:0-1 then 4:0-1'],
  [[0, 2, 0], 4, '1:0-1  1:1-2'],
])('steps of %j workgroups, %i threads', (workgroups, threads, expected) => {
  expect(print(workgroups, threads)).toBe(expected);
});

test('every workgroup stands in one chunk, and its gate is behind all chunks of the steps before', () => {
  const counts = fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 500 })), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 64 }), (workgroups, threads) => {
      const { pieces, starts, gates, ends, width } = splitSteps(workgroups, threads);
      const seen = workgroups.map(() => 0);
      const faults: string[] = [];
      const check = (right: boolean, what: string): unknown => right || faults.push(what);
      let last = -1;
      for (const [c, gate] of gates.entries()) {
        check(gate <= c && ends[c] === (gates.find((other) => other > c) ?? gates.length), `gate or end of chunk ${c}`);
        check((ends[c] ?? 0) - gate <= width, `width at chunk ${c}`);
        for (let p = starts[c] ?? 0; p < (starts[c + 1] ?? 0); p++) {
          const [step = 0, begin = 0, end = 0] = pieces.subarray(3 * p, 3 * p + 3);
          check(step >= last && begin === seen[step], `order of piece ${p}`);
          check(step === last || seen.slice(0, step).join() === workgroups.slice(0, step).join(), `piece ${p} begins too early`); // prettier-ignore
          check(step === last || c === gate || p > (starts[c] ?? 0), `a step begins in chunk ${c} without a gate`);
          seen[step] = end;
          last = step;
        }
      }
      expect(faults).toEqual([]);
      expect(seen).toEqual(workgroups);
    }),
  );
});
