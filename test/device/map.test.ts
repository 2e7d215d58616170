import { describe, expect, test } from 'vitest';
import * as e from '../../compiler/3-graph/expr-build.ts';
import type { BinaryFn, Expr, UnaryFn } from '../../compiler/3-graph/expr.ts';
import { uniform } from '../../compiler/3-graph/random.ts';
import type { ScalarType } from '../../compiler/3-graph/types.ts';
import type { Axis, Program, Store } from '../../compiler/5-optimize/groups.ts';
import { lowerMap } from '../../compiler/6-kernels/wgsl/lower-map.ts';
import { expectMatch, runProgram, useDevice } from './harness.ts';
import { at, axis, element, numbers, program } from './programs.ts';
import type { TensorSpec } from './programs.ts';

const device = useDevice();
const store = (tensor: number, axes: readonly Axis[], value: Expr): Store => ({ tensor, index: axes.map((a) => at(a.name)), value }); // prettier-ignore

const map = (tensors: readonly TensorSpec[], axes: readonly Axis[], ...stores: readonly Store[]): Program =>
  program(tensors, { kind: 'map', name: 'm', axes, stores });

describe('shapes, on both kinds of device', () => {
  test.each([
    [1, 1],
    [3, 7],
    [65, 1],
    [64, 64],
    [700, 100],
  ])('x[%i, %i] + bias, and its transpose', async (rows, columns) => {
    const [r, c] = [axis('r', rows), axis('c', columns)];
    const value = e.add(e.mul(element(0, [r, c]), 2), element(1, [c]));
    const p = map(
      [['x', 'input', [r, c]], ['bias', 'input', [c]], ['y', 'output', [r, c]], ['t', 'output', [c, r]]],
      [r, c], store(2, [r, c], value), store(3, [c, r], value),
    ); // prettier-ignore
    const values = new Map([['x', numbers(rows * columns)], ['bias', numbers(columns, 2)]]); // prettier-ignore
    await expectMatch(device(), p, values);
    await expectMatch(device(), p, values, {}, { software: false });
    for (const schedule of [{ workgroup: 32, block: 128 }, { workgroup: 64, block: 1024 }])
      await expectMatch(device(), p, values, {}, {
        lower: (program, group, target) => {
          if (group.kind !== 'map') throw new Error('a map');
          return lowerMap(program, group, target, schedule);
        },
      }); // prettier-ignore
  });

  test('more workgroups than one dimension holds', async () => {
    const n = axis('n', 5000);
    const p = map([['x', 'input', [n]], ['y', 'output', [n]]], [n], store(1, [n], e.add(element(0, [n]), 1))); // prettier-ignore
    const { engine, target } = device();
    const small = { engine, target: { ...target, maxWorkgroupsPerDimension: 7 } };
    await expectMatch(small, p, new Map([['x', numbers(5000)]]));
  });
});

/** Greatest error of a function over an input of [-range, range]: relative to 1 + |value|. */
interface Sweep {
  readonly x: readonly number[];
  readonly relative: number;
  readonly absolute: number;
}

const spread = (from: number, to: number, count = 999): number[] => Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1)); // prettier-ignore
const extremes = [0, -1e-30, 1e-30, -1, 1, -88, 88, -1e4, 1e4, -3e38, 3e38];
// WGSL allows exp an error of (3 + 2 |x|) units, i.e. a relative one of 2 |x| * 2^-23; log 2^-21 near 1.
const ulp = 2 ** -23;
const sweeps: { readonly [F in Exclude<UnaryFn, 'not'>]: Sweep } = {
  neg: { x: [...spread(-9, 9), ...extremes], relative: 0, absolute: 0 },
  exp: { x: [...spread(-20, 20), -88, -1e4, -3e38, 0], relative: 43 * ulp, absolute: 1e-37 },
  log: { x: [...spread(1e-3, 9), 1e-30, 3e38], relative: 4 * ulp, absolute: 2 ** -21 },
  sqrt: { x: [...spread(0, 9), 1e-30, 3e38], relative: 3 * ulp, absolute: 0 },
  rsqrt: { x: [...spread(1e-3, 9), 1e-30, 3e38], relative: 3 * ulp, absolute: 0 },
  tanh: { x: [...spread(-9, 9), ...extremes], relative: 0, absolute: 4 * ulp },
  sigmoid: { x: [...spread(-20, 20), ...extremes], relative: 45 * ulp, absolute: 1e-37 },
  erf: { x: [...spread(-5, 5), ...extremes], relative: 2 * ulp, absolute: 1e-30 },
  sin: { x: [...spread(-9, 9), 0], relative: 0, absolute: 8 * ulp },
  cos: { x: [...spread(-9, 9), 0], relative: 0, absolute: 8 * ulp },
  abs: { x: [...spread(-9, 9), ...extremes], relative: 0, absolute: 0 },
  sign: { x: [...spread(-9, 9), ...extremes], relative: 0, absolute: 0 },
  floor: { x: [...spread(-9, 9), ...extremes, -0.5, 2.5], relative: 0, absolute: 0 },
};

describe('functions of one number', () => {
  test.each(Object.entries(sweeps))('%s', async (fn, { x, relative, absolute }) => {
    const n = axis('n', x.length);
    const value: Expr = { kind: 'unary', fn: fn as UnaryFn, x: element(0, [n]), type: 'f32' };
    await expectMatch(device(), map([['x', 'input', [n]], ['y', 'output', [n]]], [n], store(1, [n], value)), new Map([['x', x]]), { relative, absolute }); // prettier-ignore
  });

  test('neg, abs, sign of integers; not', async () => {
    const x = [0, 1, -1, 7, -7, 2147483647, -2147483647];
    const n = axis('n', x.length);
    const k = element(0, [n], 'i32');
    const p = map(
      [['x', 'input', [n], 'i32'], ['neg', 'output', [n], 'i32'], ['abs', 'output', [n], 'i32'], ['sign', 'output', [n], 'i32'], ['not', 'output', [n], 'bool']],
      [n], store(1, [n], e.neg(k)), store(2, [n], e.abs(k)), store(3, [n], e.sign(k)), store(4, [n], e.not(e.lt(k, 1))),
    ); // prettier-ignore
    await expectMatch(device(), p, new Map([['x', x]]));
  });
});

const floats = [0, 1, -1, 0.5, -2.5, 3, 7.25, -1e10, 1e10, 1e-20];
const integers = [0, 1, -1, 2, -3, 7, -100, 46341, 2147483647, -2147483648];
const naturals = [0, 1, 2, 3, 7, 100, 65537, 4294967295];
const pairs = (of: readonly number[], keep: (x: number, y: number) => boolean = () => true): [number, number][] =>
  of.flatMap((x) => of.filter((y) => keep(x, y)).map((y): [number, number] => [x, y]));
const divides = (x: number, y: number): boolean => y !== 0 && !(x === -2147483648 && y === -1);
const quotient = (x: number, y: number): boolean => y !== 0 && Math.abs(x / y) < 1e4;

const cases: readonly [BinaryFn, ScalarType, (readonly [number, number])[]][] = [
  ...(['add', 'sub', 'mul', 'min', 'max', 'lt', 'le', 'eq'] as const).map((fn) => [fn, 'f32', pairs(floats)] as [BinaryFn, ScalarType, [number, number][]]), // prettier-ignore
  ...(['min', 'max', 'lt', 'le', 'eq', 'mul'] as const).map((fn) => [fn, 'i32', pairs(integers)] as [BinaryFn, ScalarType, [number, number][]]), // prettier-ignore
  ...(['min', 'max', 'lt', 'le', 'eq', 'mul'] as const).map((fn) => [fn, 'u32', pairs(naturals)] as [BinaryFn, ScalarType, [number, number][]]), // prettier-ignore
  ...(['add', 'sub'] as const).map((fn) => [fn, 'i32', pairs(integers.slice(0, 8))] as [BinaryFn, ScalarType, [number, number][]]), // prettier-ignore
  ['div', 'f32', pairs(floats, (_, y) => y !== 0)],
  ['mod', 'f32', pairs(floats, quotient)],
  ['div', 'i32', pairs(integers, divides)],
  ['mod', 'i32', pairs(integers, divides)],
  ['div', 'u32', pairs(naturals, divides)],
  ['mod', 'u32', pairs(naturals, divides)],
  ['and', 'bool', pairs([0, 1])],
  ['or', 'bool', pairs([0, 1])],
  ['eq', 'bool', pairs([0, 1])],
];

const run = async (fn: BinaryFn, type: ScalarType, of: readonly (readonly [number, number])[], relative: number) => {
  const n = axis('n', of.length);
  const result = e.binaryType(fn, type);
  const value: Expr = { kind: 'binary', fn, x: element(0, [n], type), y: element(1, [n], type), type: result };
  const p = map([['x', 'input', [n], type], ['y', 'input', [n], type], ['z', 'output', [n], result]], [n], store(2, [n], value)); // prettier-ignore
  const values = new Map([['x', of.map(([x]) => x)], ['y', of.map(([, y]) => y)]]); // prettier-ignore
  await expectMatch(device(), p, values, { relative, absolute: 1e-37 });
};

describe('functions of two numbers', () => {
  test.each(cases)('%s of %s', (fn, type, of) => run(fn, type, of, fn === 'div' ? 3 * ulp : ulp));

  test('pow: whole powers of negative numbers, powers of 0, beta^step', async () => {
    const bases = [0.5, 1, 2, 10, 0.9, 0.999, 0.95, 1.0001].flatMap((x) => [0, 1, 2, 3, 0.5, -1, 30, 999].map((y): [number, number] => [x, y])); // prettier-ignore
    const signed = [-1, -2, -0.5].flatMap((x) => [0, 1, 2, 3, 8, 17].map((y): [number, number] => [x, y]));
    const inRange = [...bases, ...signed, [0, 0], [0, 1], [0, 2.5]].filter(([x = 0, y = 0]) => x ** y < 1e30 && (x === 0 || Math.abs(x) ** y > 1e-30)) as [number, number][]; // prettier-ignore
    // |y log x| < 70: the product's rounding costs 70 * 2^-24, the exponential 2 * 70 units.
    await run('pow', 'f32', inRange, 200 * ulp);
    await run('pow', 'f32', [1, 2, 10, 100, 999].map((y): [number, number] => [0.999, y]), 8 * ulp); // prettier-ignore
  });

  test('pow with a constant exponent', async () => {
    const x = [0.3, 1, 2.5, 9];
    const n = axis('n', x.length);
    const stores = [2, 3, 0.5, -0.5, -1, 1.5].map((y, i): Store => store(i + 1, [n], { kind: 'binary', fn: 'pow', x: element(0, [n]), y: e.constant(y), type: 'f32' })); // prettier-ignore
    const outputs = stores.map((_, i): TensorSpec => [`y${i}`, 'output', [n]]);
    await expectMatch(device(), map([['x', 'input', [n]], ...outputs], [n], ...stores), new Map([['x', x]]), { relative: 20 * ulp }); // prettier-ignore
  });
});

describe('casts', () => {
  test.each<[ScalarType, readonly number[]]>([
    ['f32', [0, 1, -1, 0.5, -0.5, 2.9, -2.9, 1e6]],
    ['i32', [0, 1, -1, 7, 1000000, -5]],
    ['u32', [0, 1, 7, 1000000]],
    ['bool', [0, 1]],
  ])('from %s to every type', async (type, x) => {
    const n = axis('n', x.length);
    const targets: readonly ScalarType[] = ['f32', 'i32', 'bool', ...(Math.min(...x) < 0 ? [] : ['u32' as const])];
    const stores = targets.map((to, i) => store(i + 1, [n], { kind: 'cast', x: element(0, [n], type), type: to }));
    const outputs = targets.map((to): TensorSpec => [to, 'output', [n], to]);
    await expectMatch(device(), map([['x', 'input', [n], type], ...outputs], [n], ...stores), new Map([['x', x]]));
  });
});

test('constants: extremes are exact, and what overflows is left to the device', async () => {
  const n = axis('n', 1);
  const huge = e.constant(3.4028234663852886e38);
  const constants: readonly [ScalarType, number][] = [['f32', 0.1], ['f32', -1e-30], ['f32', 3.4028234663852886e38], ['f32', 1 / 3], ['i32', -2147483648], ['i32', 2147483647], ['u32', 4294967295], ['bool', 1]]; // prettier-ignore
  const stores = constants.map(([type, value], i) => store(i, [n], e.constant(type === 'f32' ? Math.fround(value) : value, type))); // prettier-ignore
  const outputs = constants.map(([type], i): TensorSpec => [`y${i}`, 'output', [n], type]);
  await expectMatch(device(), map(outputs, [n], ...stores), new Map(), { relative: 0, absolute: 0 });
  const risky: Expr[] = [
    { kind: 'binary', fn: 'mul', x: huge, y: e.constant(10), type: 'f32' },
    { kind: 'unary', fn: 'exp', x: e.constant(1000), type: 'f32' },
    { kind: 'binary', fn: 'div', x: e.constant(1), y: e.constant(0), type: 'f32' },
    { kind: 'cast', x: { kind: 'binary', fn: 'mod', x: e.constant(1, 'i32'), y: e.constant(0, 'i32'), type: 'i32' }, type: 'f32' }, // prettier-ignore
    { kind: 'cast', x: { kind: 'cast', x: huge, type: 'i32' }, type: 'f32' },
    e.constant(-Infinity),
  ];
  for (const value of risky) await runProgram(device(), map([['y', 'output', [n]]], [n], store(0, [n], value)), new Map()); // prettier-ignore
});

test('random bits are those of the oracle', async () => {
  const n = axis('n', 3000);
  const seed = e.load(0, [], 'u32');
  const p = map(
    [['seed', 'input', [], 'u32'], ['u', 'output', [n]], ['v', 'output', [n]]], [n],
    store(1, [n], e.random(seed, 3, at('n'))), store(2, [n], e.random(seed, 4000000000, e.mul(at('n'), 77777))),
  ); // prettier-ignore
  const result = await runProgram(device(), p, new Map([['seed', [4123456789]]]));
  expect([...(result.get('u') ?? [])]).toEqual(Array.from({ length: 3000 }, (_, i) => uniform(4123456789, 3, i)));
  expect([...(result.get('v') ?? [])]).toEqual(Array.from({ length: 3000 }, (_, i) => uniform(4123456789, 4000000000, Math.imul(i, 77777) >>> 0))); // prettier-ignore
});

test('in place: AdamW-like, every value read before the first is written', async () => {
  const n = axis('n', 100);
  const [p, m, g] = [element(0, [n]), element(1, [n]), element(2, [n])];
  const moment = e.add(e.mul(m, 0.9), e.mul(g, 0.1));
  const made = map(
    [['p', 'parameter', [n]], ['m', 'state', [n]], ['g', 'input', [n]], ['old', 'output', [n]]], [n],
    store(1, [n], moment), store(0, [n], e.sub(p, e.div(moment, e.add(e.abs(m), 0.1)))), store(3, [n], e.add(m, p)),
  ); // prettier-ignore
  await expectMatch(device(), made, new Map([['p', numbers(100)], ['m', numbers(100, 2)], ['g', numbers(100, 3)]]), { absolute: 1e-6 }); // prettier-ignore
});

test('in place: two states exchanged', async () => {
  const n = axis('n', 65);
  const made = map([['p', 'state', [n]], ['q', 'state', [n]]], [n], store(0, [n], element(1, [n])), store(1, [n], element(0, [n]))); // prettier-ignore
  await expectMatch(device(), made, new Map([['p', numbers(65)], ['q', numbers(65, 2)]])); // prettier-ignore
});

test('index maps: gather, window, concatenation by select, split and merged axes, a bool mask', async () => {
  const [t, v, d] = [axis('t', 9), axis('v', 5), axis('d', 6)];
  const token = element(0, [t], 'i32');
  const rotated = e.load(1, [token, e.mod(e.add(at('d'), 3), 6)], 'f32');
  const shifted = e.select(e.lt(at('t'), 1), 0, e.load(2, [e.sub(at('t'), 1), at('d')], 'f32'));
  const flat = e.add(e.mul(at('t'), 6), at('d'));
  const split = e.load(3, [e.div(flat, 2), e.mod(flat, 2)], 'f32');
  const made = map(
    [
      ['tokens', 'input', [t], 'i32'], ['table', 'parameter', [v, d]], ['x', 'input', [t, d]], ['pairs', 'input', [axis('h', 27), axis('two', 2)]],
      ['mask', 'input', [t], 'bool'], ['y', 'output', [t, d]], ['z', 'output', [t, d]], ['kept', 'output', [t, d], 'bool'],
    ],
    [t, d], store(5, [t, d], e.add(e.mul(rotated, 2), shifted)), store(6, [t, d], split),
    store(7, [t, d], e.or(element(4, [t], 'bool'), e.lt(rotated, 0))),
  ); // prettier-ignore
  const values = new Map<string, ArrayLike<number>>([
    ['tokens', [4, 0, 1, 3, 2, 4, 4, 0, 1]],
    ['table', numbers(30)],
    ['x', numbers(54, 2)],
    ['pairs', numbers(54, 3)],
    ['mask', [1, 0, 0, 1, 0, 0, 0, 1, 1]],
  ]);
  await expectMatch(device(), made, values, { absolute: 1e-6 });
});
