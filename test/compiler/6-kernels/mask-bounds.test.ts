import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { keyRange, queryRange } from '../../../compiler/6-kernels/attention/mask-bounds.ts';
import type { Range } from '../../../compiler/6-kernels/attention/mask-bounds.ts';
import { compileExpr, Frame } from '../../../compiler/5-optimize/oracle/compile-expr.ts';
import type { Expr } from '../../../compiler/3-graph/expr.ts';
import { masks } from '../../gpu/attention-programs.ts';
import type { Mask } from '../../gpu/attention-programs.ts';

/** The numbers of i32 texts: sums, products and truncating quotients of literals, min and max. */
function numbersOf({ from, to }: Range): readonly [number, number] {
  return [evaluated(from), evaluated(to)];
}

function evaluated(text: string): number {
  const truncated = text.replace(/(\d+) \/ (\d+)/g, 'Math.trunc($&)');
  return Number(runInNewContext(truncated.replace(/\b(min|max)\(/g, 'Math.$1(')));
}

function seen(mask: Expr): (query: number, key: number) => boolean {
  const frame = new Frame(new Map());
  const [query, key] = [frame.slot('query_position'), frame.slot('key_position')];
  const thunk = compileExpr(frame, mask);
  return (q, k) => {
    frame.set(query, q);
    frame.set(key, k);
    return Boolean(thunk());
  };
}

const [SIZE, OFFSET] = [30, 7];
const numbers = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i); // prettier-ignore

test.each(Object.keys(masks) as Mask[])('%s: what lies outside of the bounds is not seen', (name) => {
  const mask = masks[name];
  const isSeen = seen(mask);
  for (const first of [0, 3, 8, 15])
    for (const last of [first, first + 3]) {
      const span = { first: String(first), last: String(last) };
      const [keyFrom, keyTo] = numbersOf(keyRange(mask, span, SIZE));
      const keys = numbers(0, SIZE).filter((key) => numbers(first, last + 1).some((query) => isSeen(query, key)));
      expect(keys.filter((key) => key < keyFrom || key >= keyTo)).toEqual([]);
      const [from, to] = numbersOf(queryRange(mask, span, String(OFFSET), SIZE));
      const queries = numbers(0, SIZE).filter((i) => numbers(first, last + 1).some((key) => isSeen(i + OFFSET, key)));
      expect(queries.filter((i) => i < from || i >= to)).toEqual([]);
    }
});

test.each([
  ['causal', [0, 13]],
  ['window', [5, 17]],
  ['causal window', [4, 13]],
  ['chunk', [8, 16]],
  ['causal chunk', [8, 13]],
  ['strictly before', [0, 12]],
  ['full', [0, 30]],
] satisfies [Mask, [number, number]][])('%s: queries 9..12 of 30 visit the keys %j', (name, range) => {
  expect(numbersOf(keyRange(masks[name], { first: '9', last: '12' }, SIZE))).toEqual(range);
});

test.each([
  ['causal', [2, 30]],
  ['causal window', [2, 11]],
  ['chunk', [1, 9]],
] satisfies [Mask, [number, number]][])('%s: keys 9..12 are visited by the queries %j', (name, range) => {
  expect(numbersOf(queryRange(masks[name], { first: '9', last: '12' }, String(OFFSET), SIZE))).toEqual(range);
});
