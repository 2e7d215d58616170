import { expect, test } from 'vitest';
import { keyRange, queryRange } from '../../../compiler/6-kernels/analysis/mask-bounds.ts';
import type { Range } from '../../../compiler/6-kernels/analysis/mask-bounds.ts';
import { constant, variable } from '../../../compiler/3-graph/expr-build.ts';
import { compileExpr, Frame } from '../../../compiler/5-optimize/oracle/compile-expr.ts';
import type { Expr } from '../../../compiler/3-graph/expr.ts';
import { masks } from '../../device/attention-programs.ts';
import type { Mask } from '../../device/attention-programs.ts';

const [first, last, offset] = (['first', 'last', 'offset'] as const).map((name) => variable(name, 'i32')) as [Expr, Expr, Expr]; // prettier-ignore

/** The bounds where the known side is at positions `span`, and query 0 at OFFSET. */
function numbersOf({ from, to }: Range, span: readonly [number, number]): readonly [number, number] {
  const frame = new Frame(new Map());
  const slots = ['first', 'last', 'offset'].map((name) => frame.slot(name));
  const thunks = [compileExpr(frame, from), compileExpr(frame, to)] as const;
  [...span, OFFSET].forEach((value, i) => frame.set(slots[i] ?? 0, value));
  return [thunks[0](), thunks[1]()];
}

const keysOf = (mask: Expr, span: readonly [number, number]): readonly [number, number] =>
  numbersOf(keyRange(mask, { first, last }, SIZE), span);
const queriesOf = (mask: Expr, span: readonly [number, number]): readonly [number, number] =>
  numbersOf(queryRange(mask, { first, last }, offset, SIZE), span);

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
  for (const start of [0, 3, 8, 15])
    for (const stop of [start, start + 3]) {
      const known = numbers(start, stop + 1);
      const [keyFrom, keyTo] = keysOf(mask, [start, stop]);
      const keys = numbers(0, SIZE).filter((key) => known.some((query) => isSeen(query, key)));
      expect(keys.filter((key) => key < keyFrom || key >= keyTo)).toEqual([]);
      const [from, to] = queriesOf(mask, [start, stop]);
      const queries = numbers(0, SIZE).filter((i) => known.some((key) => isSeen(i + OFFSET, key)));
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
  expect(keysOf(masks[name], [9, 12])).toEqual(range);
});

test.each([
  ['causal', [2, 30]],
  ['causal window', [2, 11]],
  ['chunk', [1, 9]],
] satisfies [Mask, [number, number]][])('%s: keys 9..12 are visited by the queries %j', (name, range) => {
  expect(queriesOf(masks[name], [9, 12])).toEqual(range);
});

test('bounds are constants where nothing limits them', () => {
  expect(keyRange(masks.full, { first, last }, SIZE)).toEqual({ from: constant(0, 'i32'), to: constant(SIZE, 'i32') });
  expect(keyRange(masks.causal, { first, last }, SIZE).from).toEqual(constant(0, 'i32'));
  expect(queryRange(masks.causal, { first, last }, offset, SIZE).to).toEqual(constant(SIZE, 'i32'));
});
