// Constructors of expressions: names, folding, types; and the numbers of the functions.
import { describe, expect, it } from 'vitest';
import { compileExpr } from '../../../compiler/3-graph/evaluate/compile-expr.ts';
import { unaryFunctions } from '../../../compiler/3-graph/expr/fold.ts';
import { add, and, cast, constant, div, eq, exp, floor, gt, inputName, le, mod, mul, neg, not, or, pow, random, select, sqrt, sub, variable } from '../../../compiler/3-graph/expr-build.ts'; // prettier-ignore
import type { Expr } from '../../../compiler/3-graph/expr.ts';
import { printExpr } from '../../../compiler/3-graph/expr/print-expr.ts';
import { uniform } from '../../../compiler/3-graph/random.ts';

const a = variable('a', 'f32');
const b = variable('b', 'f32');
const i = variable('i', 'i32');
const p = variable('p', 'bool');
const yes = constant(1, 'bool');

it('names of inputs', () => {
  expect([0, 1, 25, 26, 27, 52].map(inputName)).toEqual(['a', 'b', 'z', 'a1', 'b1', 'a2']);
});

describe('folding', () => {
  it.each<[Expr, string]>([
    [add(1, 2), '3'],
    [add(a, 0), 'a'],
    [add(a, neg(b)), 'a - b'],
    [sub(0, a), '-a'],
    [sub(a, neg(b)), 'a + b'],
    [neg(neg(a)), 'a'],
    [neg(sub(a, b)), 'b - a'],
    [mul(a, 0), '0'],
    [mul(a, 1), 'a'],
    [mul(a, -1), '-a'],
    [mul(a, 2), '2 * a'],
    [mul(2, mul(3, a)), '6 * a'],
    [mul(b, mul(3, a)), '3 * (b * a)'],
    [mul(neg(a), b), '-(a * b)'],
    [div(a, 1), 'a'],
    [div(0, a), '0'],
    [pow(a, 2), 'a * a'],
    [and(yes, p), 'p'],
    [or(yes, p), 'true'],
    [not(not(p)), 'p'],
    [select(yes, a, b), 'a'],
    [select(p, 1, 1), '1'],
    [cast(constant(2.7), 'i32'), '2'],
    [cast(a, 'f32'), 'a'],
    [exp(constant(0)), '1'],
    [gt(a, b), 'b < a'],
  ])('%#: %o', (e, text) => {
    expect(printExpr(e)).toBe(text);
  });
});

describe('precedence in print', () => {
  it.each<[Expr, string]>([
    [mul(add(a, b), a), '(a + b) * a'],
    [sub(a, sub(b, a)), 'a - (b - a)'],
    [div(a, mul(a, b)), 'a / (a * b)'],
    [select(le(a, b), a, select(p, b, a)), 'a <= b ? a : p ? b : a'],
    [add(select(p, a, b), 1), '(p ? a : b) + 1'],
    [and(or(p, p), p), '(p || p) && p'],
    [sqrt(add(a, b)), 'sqrt(a + b)'],
  ])('%#', (e, text) => {
    expect(printExpr(e)).toBe(text);
  });
});

describe('ill-typed use is refused', () => {
  it.each<[string, () => Expr]>([
    ["'add' of f32 and i32", () => add(a, i)],
    ["'exp' of a i32", () => exp(i)],
    ["'not' of a f32", () => not(a)],
    ["'and' of f32", () => and(a, a)],
    ['select by a f32', () => select(a, a, a)],
    ['select of f32 and i32', () => select(p, a, i)],
    ["'pow' of i32", () => pow(i, 3)],
    ['random with a seed of f32', () => random(a, 0, i)],
  ])('%s', (message, build) => {
    expect(build).toThrow(message);
  });
});

const value = (e: Expr): number => compileExpr(e, { slotOf: new Map([['a', 0], ['i', 1], ['s', 2]]) })(Float64Array.of(-2.5, 7, 3)); // prettier-ignore

describe('values', () => {
  it.each<[Expr, number]>([
    [mod(i, 4), 3],
    [div(neg(i), 2), -3],
    [add(i, 0x7fff_ffff), -0x8000_0000 + 6],
    [mul(i, 0x4000_0001), -0x4000_0000 + 7],
    [cast(a, 'i32'), -2],
    [cast(i, 'f32'), 7],
    [cast(a, 'bool'), 1],
    [floor(a), -3],
    [mod(a, 2), -0.5],
    [eq(i, 7), 1],
    [random(variable('s', 'u32'), 4, i), uniform(3, 4, 7)],
  ])('%#', (e, expected) => {
    expect(value(e)).toBe(expected);
  });

  // erf from mpmath with 20 digits.
  it.each([
    [0, 0],
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [2.6, 0.9997639655834707],
    [3.5, 0.9999992569016276],
    [-1, -0.8427007929497149],
    [7, 1],
  ])('erf(%f)', (x, expected) => {
    expect(Math.abs(unaryFunctions.erf(x) - expected)).toBeLessThan(4e-16);
  });

  it('sigmoid does not overflow', () => {
    expect([unaryFunctions.sigmoid(-1000), unaryFunctions.sigmoid(1000)]).toEqual([0, 1]);
  });
});
