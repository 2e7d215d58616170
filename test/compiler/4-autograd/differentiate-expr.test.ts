// Derivatives of scalar expressions: the text of some, and every function against central differences.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differentiateExpr } from '../../../compiler/3-graph/expr/differentiate-expr.ts';
import { compileExpr } from '../../../compiler/3-graph/evaluate/compile-expr.ts';
import { add, cast, constant, erf, exp, le, max, mul, pow, select, sigmoid, sub, tanh, variable } from '../../../compiler/3-graph/expr-build.ts'; // prettier-ignore
import type { BinaryFn, Expr, UnaryFn } from '../../../compiler/3-graph/expr.ts';
import { printExpr } from '../../../compiler/3-graph/expr/print-expr.ts';

const a = variable('a', 'f32');
const b = variable('b', 'f32');
const i = variable('i', 'i32');

describe('text of d e / d a', () => {
  it.each<[string, Expr, string]>([
    ['a number', constant(3), '0'],
    ['the variable', a, '1'],
    ['another variable', b, '0'],
    ['linear', add(mul(2, a), b), '2'],
    ['square', mul(a, a), 'a + a'],
    ['power', pow(a, 3), '3 * (a * a)'],
    ['product', mul(a, b), 'b'],
    ['relu', max(a, 0), 'a <= 0 ? 0 : 1'],
    ['softcap', mul(30, tanh(mul(1 / 30, a))), '1 - tanh(0.03333333333333333 * a) * tanh(0.03333333333333333 * a)'],
    ['silu', mul(a, sigmoid(a)), 'sigmoid(a) + a * (sigmoid(a) * (1 - sigmoid(a)))'],
    ['a position', cast(i, 'f32'), '0'],
    ['select', select(le(a, b), mul(a, b), exp(a)), 'a <= b ? b : exp(a)'],
  ])('%s', (_, e, text) => {
    expect(printExpr(differentiateExpr(e, 'a'))).toBe(text);
  });
});

/** Where each function is smooth. */
const anywhere = fc.double({ min: -3, max: 3, noNaN: true });
const positive = fc.double({ min: 0.2, max: 3, noNaN: true });

const unary: { readonly [K in Exclude<UnaryFn, 'not'>]: fc.Arbitrary<number> } = {
  neg: anywhere,
  exp: anywhere,
  log: positive,
  sqrt: positive,
  rsqrt: positive,
  tanh: anywhere,
  sigmoid: anywhere,
  erf: anywhere,
  sin: anywhere,
  cos: anywhere,
  abs: positive.map((x) => -x),
  sign: positive,
  floor: fc.integer({ min: -2, max: 2 }).map((n) => n + 0.4),
};

const step = 1e-5;
const options = { seed: 7, numRuns: 100 };

function expectSlope(e: Expr, x: number, y: number): void {
  const slotOf = new Map([
    ['a', 0],
    ['b', 1],
  ]);
  const fn = compileExpr(e, { slotOf });
  const at = (x: number, y: number): number => fn(Float64Array.of(x, y));
  const slope = (name: string): number => compileExpr(differentiateExpr(e, name), { slotOf })(Float64Array.of(x, y));
  const expectations: [string, number][] = [
    ['a', (at(x + step, y) - at(x - step, y)) / (2 * step)],
    ['b', (at(x, y + step) - at(x, y - step)) / (2 * step)],
  ];
  for (const [name, numeric] of expectations)
    if (Math.abs(slope(name) - numeric) > 1e-6 * Math.max(1, Math.abs(numeric)))
      expect.fail(`d ${printExpr(e)} / d ${name} at (${x}, ${y}) is ${slope(name)}, expected ${numeric}`);
}

describe('unary = central differences', () => {
  it.each(Object.entries(unary) as [UnaryFn, fc.Arbitrary<number>][])('%s', (fn, domain) => {
    const e: Expr = { kind: 'unary', fn, x: mul(a, a), type: 'f32' };
    const plain: Expr = { kind: 'unary', fn, x: a, type: 'f32' };
    fc.assert(
      fc.property(domain, (x) => expectSlope(plain, x, 0)),
      options,
    );
    fc.assert(
      fc.property(positive, (x) => fn === 'floor' || expectSlope(e, x, 0)),
      options,
    );
  });
});

const apart = fc.tuple(anywhere, anywhere).filter(([x, y]) => Math.abs(x - y) > 0.01);
const binary: { readonly [K in Exclude<BinaryFn, 'lt' | 'le' | 'eq' | 'and' | 'or'>]: fc.Arbitrary<[number, number]> } =
  {
    add: apart,
    sub: apart,
    mul: apart,
    div: fc.tuple(anywhere, positive),
    mod: fc.tuple(fc.integer({ min: -3, max: 3 }), fc.double({ min: 0.1, max: 0.4, noNaN: true })).map(([n, x]) => [n * 0.7 + Math.sign(n || 1) * x, 0.7]), // prettier-ignore
    min: apart,
    max: apart,
    pow: fc.tuple(positive, anywhere),
  };

describe('binary = central differences', () => {
  it.each(Object.entries(binary) as [BinaryFn, fc.Arbitrary<[number, number]>][])('%s', (fn, domain) => {
    const e: Expr = { kind: 'binary', fn, x: a, y: b, type: 'f32' };
    fc.assert(
      fc.property(domain, ([x, y]) => expectSlope(e, x, y)),
      options,
    );
  });
});

it('erf-form gelu', () => {
  const gelu = mul(mul(0.5, a), add(1, erf(mul(Math.SQRT1_2, a))));
  fc.assert(
    fc.property(anywhere, (x) => expectSlope(sub(gelu, b), x, 1)),
    options,
  );
});
