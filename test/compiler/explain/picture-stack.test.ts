// A stack as people say it: runs, cycles, tails.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldStack, periodOf, type Segment } from '../../../compiler/explain/picture/stack/fold.ts';

const unfold = (segments: readonly Segment[]): string[] =>
  segments.flatMap(({ runs, times }) => {
    const round = runs.flatMap(({ key, count }) => Array.from({ length: count }, () => key));
    return Array.from({ length: times }, () => round).flat();
  });

/** `5(5l g) 4l` */
const show = (keys: string): string =>
  foldStack(keys.split(''))
    .map(({ runs, times }) => {
      const round = runs.map(({ key, count }) => `${count === 1 ? '' : count}${key}`).join(' ');
      return times === 1 ? round : `${times}(${round})`;
    })
    .join(' ');

describe('folding', () => {
  it.each([
    ['one layer after another', 'a'.repeat(32), '32a'],
    ['Gemma 3: five to one, and a tail', 'lllllg'.repeat(5) + 'llll', '5(5l g) 4l'],
    ['Gemma 2: by turns', 'lg'.repeat(13), '13(l g)'],
    ['SmolLM3', 'aaan'.repeat(9), '9(3a n)'],
    ['DeepSeek-V3: `at 0..2` first', 'ddd' + 'm'.repeat(58), '3d 58m'],
    ['Jamba: two cycles at their own pace', 'aBcDaB'.repeat(8), '8(a B c D a B)'],
    ['an override breaks the cycle where it stands', `${'lg'.repeat(4)}xg${'lg'.repeat(4)}`, '4(l g) x g 4(l g)'],
    ['a cycle starts as early as it can', `${'ab'.repeat(13)}a`, '13(a b) a'],
    ['all different', 'abcde', 'a b c d e'],
    ['none', '', ''],
  ])('%s', (_, keys, expected) => expect(show(keys)).toBe(expected));

  it('unfolds to what it was', () => {
    const keys = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 60 });
    fc.assert(
      fc.property(keys, (list) => {
        expect(unfold(foldStack(list))).toEqual(list);
      }),
    );
  });

  it('knows where each run starts', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 40 }), (list) => {
        for (const { runs } of foldStack(list)) for (const { key, start } of runs) expect(list[start]).toBe(key);
      }),
    );
  });
});

it('the period of a list, its last round cut', () => {
  expect(periodOf('aabaabaa'.split(''))).toBe(3);
  expect(periodOf('aaaa'.split(''))).toBe(1);
  expect(periodOf('abc'.split(''))).toBe(3);
});
