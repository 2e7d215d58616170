import { describe, expect, test } from 'vitest';
import * as e from '../../../../compiler/3-graph/expr-build.ts';
import type { BinaryFn, Expr, UnaryFn } from '../../../../compiler/3-graph/expr.ts';
import { uniform } from '../../../../compiler/3-graph/random.ts';
import type { ScalarType } from '../../../../compiler/3-graph/types.ts';
import type { Axis, Program, Store } from '../../../../compiler/5-optimize/groups.ts';
import { at, axis, element, numbers, program } from '../../../device/programs.ts';
import type { TensorSpec } from '../../../device/programs.ts';
import { expectOracle } from './expect-oracle.ts';
import { runOnWasm } from './run-program.ts';

const store = (tensor: number, axes: readonly Axis[], value: Expr): Store => ({ tensor, index: axes.map((a) => at(a.name)), value }); // prettier-ignore
const map = (tensors: readonly TensorSpec[], axes: readonly Axis[], ...stores: readonly Store[]): Program =>
  program(tensors, { kind: 'map', name: 'm', axes, stores });

const sizes = [1, 3, 4, 5, 17, 64, 1000];

describe('shapes', () => {
  test.each([...sizes.map((n) => [3, n]), ...sizes.map((n) => [n, 5]), [8, 12], [64, 64], [70, 100], [3, 5000]])('x[%i, %i] + bias, a column, and its transpose', (rows = 1, columns = 1) => {
    const [r, c] = [axis('r', rows), axis('c', columns)];
    const value = e.add(e.mul(element(0, [r, c]), element(2, [r])), element(1, [c]));
    const p = map(
      [['x', 'input', [r, c]], ['bias', 'input', [c]], ['column', 'input', [r]], ['y', 'output', [r, c]], ['t', 'output', [c, r]]],
      [r, c], store(3, [r, c], value), store(4, [c, r], value),
    );
    expectOracle(p, new Map([['x', numbers(rows * columns)], ['bias', numbers(columns, 2)], ['column', numbers(rows, 3)]]));
  }); // prettier-ignore

  const [a, b, c, d] = [axis('a', 2), axis('b', 3), axis('c', 4), axis('d', 6)];
  test.each([
    [
      [a, b, c, d],
      [a, c, b, d],
    ],
    [
      [a, b, c, d],
      [d, c, b, a],
    ],
    [
      [a, b, c, d],
      [b, a, c, d],
    ],
    [
      [d, c, b, a],
      [a, c, b, d],
    ],
    [
      [b, d],
      [d, b],
    ],
    [
      [d, b, a],
      [b, d, a],
    ],
  ])('read in one order, written in another, %#', (read, written) => {
    const p = map([['x', 'input', read], ['y', 'output', written], ['n', 'output', written, 'i32']], written, store(1, written, e.neg(element(0, read))), store(2, written, e.add(e.mul(at('b'), 10), at('d')))); // prettier-ignore
    const count = read.reduce((n, { size }) => n * size, 1);
    expectOracle(p, new Map([['x', numbers(count)]]));
  });

  test('a single number', () => {
    const p = map(
      [
        ['x', 'input', []],
        ['y', 'output', []],
      ],
      [],
      store(1, [], e.exp(element(0, []))),
    );
    expectOracle(p, new Map([['x', [0.5]]]));
  });

  test.each(sizes)('f16 and bool, %i elements', (n) => {
    const axes = [axis('n', n)];
    const x = e.cast(element(0, axes, 'f16'), 'f32');
    const p = map(
      [['x', 'input', axes, 'f16'], ['m', 'input', axes, 'bool'], ['y', 'output', axes, 'f16'], ['k', 'output', axes, 'bool'], ['back', 'output', axes, 'f16'], ['i', 'output', axes, 'i32']],
      axes,
      store(2, axes, e.cast(e.select(element(1, axes, 'bool'), e.mul(x, 3), e.exp(x)), 'f16')),
      store(3, axes, e.and(e.not(element(1, axes, 'bool')), e.lt(x, 0))),
      store(4, axes, e.load(0, [e.sub(n - 1, at('n'))], 'f16')),
      store(5, axes, e.add(e.cast(element(1, axes, 'bool'), 'i32'), e.cast(e.lt(x, 0), 'i32'))),
    ); // prettier-ignore
    expectOracle(p, new Map<string, ArrayLike<number>>([['x', numbers(n)], ['m', Array.from({ length: n }, (_, i) => (i * i) % 2)]])); // prettier-ignore
  });
});

interface Sweep {
  readonly x: readonly number[];
  readonly relative: number;
  readonly absolute: number;
}

const spread = (from: number, to: number, count = 999): number[] => Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1)); // prettier-ignore
const extremes = [0, -1e-30, 1e-30, -1, 1, -88, 88, -1e4, 1e4, -3e38, 3e38, Infinity, -Infinity, Number.NaN];
const ulp = 2 ** -23;
const sweeps: { readonly [F in Exclude<UnaryFn, 'not'>]: Sweep } = {
  neg: { x: [...spread(-9, 9), ...extremes], relative: 0, absolute: 0 },
  exp: { x: [...spread(-87, 88), -88, -1e4, -3e38, 0], relative: 2 * ulp, absolute: 1e-37 },
  log: { x: [...spread(1e-3, 9), 1e-30, 3e38], relative: 2 * ulp, absolute: ulp / 2 },
  sqrt: { x: [...spread(0, 9), 1e-30, 3e38], relative: ulp, absolute: 0 },
  rsqrt: { x: [...spread(1e-3, 9), 1e-30, 3e38], relative: 2 * ulp, absolute: 0 },
  tanh: { x: [...spread(-9, 9), ...extremes], relative: 4 * ulp, absolute: 1e-37 },
  sigmoid: { x: [...spread(-20, 20), ...extremes], relative: 4 * ulp, absolute: 1e-37 },
  erf: { x: [...spread(-5, 5), ...extremes], relative: 4 * ulp, absolute: 1e-37 },
  sin: { x: [...spread(-9, 9), 0, 100, 1000], relative: 0, absolute: 4 * ulp },
  cos: { x: [...spread(-9, 9), 0, 100, 1000], relative: 0, absolute: 4 * ulp },
  abs: { x: [...spread(-9, 9), ...extremes], relative: 0, absolute: 0 },
  sign: { x: [...spread(-9, 9), ...extremes.filter((x) => !Number.isNaN(x))], relative: 0, absolute: 0 },
  floor: { x: [...spread(-9, 9), ...extremes, -0.5, 2.5], relative: 0, absolute: 0 },
};

describe('functions of one number', () => {
  test.each(Object.entries(sweeps))('%s', (fn, { x, relative, absolute }) => {
    const [n, three] = [axis('n', x.length), axis('three', 3)];
    const value = (operand: Expr): Expr => ({ kind: 'unary', fn: fn as UnaryFn, x: operand, type: 'f32' });
    expectOracle(map([['x', 'input', [n]], ['y', 'output', [n]]], [n], store(1, [n], value(element(0, [n])))), new Map([['x', x]]), { relative, absolute }); // prettier-ignore
    expectOracle(map([['x', 'input', [n]], ['y', 'output', [n, three]]], [n, three], store(1, [n, three], value(element(0, [n])))), new Map([['x', x]]), { relative, absolute }); // prettier-ignore
  });

  test('neg, abs, sign of integers; not', () => {
    const x = [0, 1, -1, 7, -7, 2147483647, -2147483647];
    for (const axes of [[axis('n', 7)], [axis('n', 7), axis('three', 3)]]) {
      const k = element(0, axes.slice(0, 1), 'i32');
      const p = map(
        [['x', 'input', axes.slice(0, 1), 'i32'], ['neg', 'output', axes, 'i32'], ['abs', 'output', axes, 'i32'], ['sign', 'output', axes, 'i32'], ['not', 'output', axes, 'bool']],
        axes, store(1, axes, e.neg(k)), store(2, axes, e.abs(k)), store(3, axes, e.sign(k)), store(4, axes, e.not(e.lt(k, 1))),
      ); // prettier-ignore
      expectOracle(p, new Map([['x', x]]));
    }
  });
});

const floats = [0, 1, -1, 0.5, -2.5, 3, 7.25, -1e10, 1e10, 1e-20];
const integers = [0, 1, -1, 2, -3, 7, -100, 46341, 2147483647, -2147483648];
const naturals = [0, 1, 2, 3, 7, 100, 65537, 4294967295];
type Pairs = readonly (readonly [number, number])[];
const pairs = (of: readonly number[], keep: (x: number, y: number) => boolean = () => true): Pairs =>
  of.flatMap((x) => of.filter((y) => keep(x, y)).map((y): [number, number] => [x, y]));
const divides = (x: number, y: number): boolean => y !== 0 && !(x === -2147483648 && y === -1);
const quotient = (x: number, y: number): boolean => y !== 0 && Math.abs(x / y) < 1e4;

const each = (fns: readonly BinaryFn[], type: ScalarType, of: Pairs) => fns.map((fn) => [fn, type, of] as const);
const cases = [
  ...each(['add', 'sub', 'mul', 'min', 'max', 'lt', 'le', 'eq'], 'f32', pairs(floats)),
  ...each(['min', 'max', 'lt', 'le', 'eq', 'mul'], 'i32', pairs(integers)),
  ...each(['min', 'max', 'lt', 'le', 'eq', 'mul'], 'u32', pairs(naturals)),
  ...each(['add', 'sub'], 'i32', pairs(integers.slice(0, 8))),
  ...each(
    ['div'],
    'f32',
    pairs(floats, (_, y) => y !== 0),
  ),
  ...each(['mod'], 'f32', pairs(floats, quotient)),
  ...each(['div', 'mod'], 'i32', pairs(integers, divides)),
  ...each(['div', 'mod'], 'u32', pairs(naturals, divides)),
  ...each(['and', 'or', 'eq'], 'bool', pairs([0, 1])),
];

function expectBinary(fn: BinaryFn, type: ScalarType, of: Pairs, relative: number): void {
  const [n, three] = [axis('n', of.length), axis('three', 3)];
  const result = e.binaryType(fn, type);
  const value: Expr = { kind: 'binary', fn, x: element(0, [n], type), y: element(1, [n], type), type: result };
  const values = new Map([['x', of.map(([x]) => x)], ['y', of.map(([, y]) => y)]]); // prettier-ignore
  for (const axes of [[n], [n, three]]) {
    const p = map([['x', 'input', [n], type], ['y', 'input', [n], type], ['z', 'output', axes, result]], axes, store(2, axes, value)); // prettier-ignore
    expectOracle(p, values, { relative, absolute: 1e-37 });
  }
}

describe('functions of two numbers', () => {
  test.each(cases)('%s of %s', (fn, type, of) => expectBinary(fn, type, of, ulp));

  test('four numbers with one, and with a constant', () => {
    const [n, k] = [axis('n', 22), element(0, [axis('n', 22)], 'i32')];
    const one = element(1, [], 'i32');
    const [f, g] = [e.cast(k, 'f32'), e.cast(one, 'f32')];
    const found: Expr[] = [e.div(k, one), e.mod(one, e.add(k, 100)), e.max(one, k), e.min(k, 3), e.div(k, 4), e.mod(k, 7), e.sub(one, k)]; // prettier-ignore
    const truths: Expr[] = [e.lt(one, k), e.eq(k, 5), e.and(e.lt(k, 8), e.lt(one, 100)), e.or(e.lt(one, 0), e.lt(k, 0))]; // prettier-ignore
    const real: Expr[] = [e.max(f, g), e.min(g, f), e.div(g, e.add(f, 50.5)), e.mod(f, g), e.select(e.lt(one, 0), f, g), e.select(e.lt(k, 3), g, 2), e.select(e.lt(one, 50), f, 2)]; // prettier-ignore
    const all = [...found, ...truths, ...real];
    const outputs = all.map(({ type }, i): TensorSpec => [`y${i}`, 'output', [n], type]);
    const p = map([['k', 'input', [n], 'i32'], ['one', 'input', [], 'i32'], ...outputs], [n], ...all.map((value, i) => store(i + 2, [n], value))); // prettier-ignore
    expectOracle(p, new Map([['k', Array.from({ length: 22 }, (_, i) => i * 5 - 30)], ['one', [3]]])); // prettier-ignore
  });

  test('what the machine would refuse does not stop it', () => {
    const n = axis('n', 5);
    const [x, y] = [element(0, [n], 'i32'), element(1, [n], 'i32')];
    const p = map([['x', 'input', [n], 'i32'], ['y', 'input', [n], 'i32'], ['q', 'output', [n], 'i32'], ['r', 'output', [n], 'i32'], ['z', 'output', [n], 'i32']], [n], store(2, [n], e.div(x, y)), store(3, [n], e.mod(x, y)), store(4, [n], e.mod(e.constant(1, 'i32'), y))); // prettier-ignore
    runOnWasm(p, new Map([['x', [1, -2147483648, 0, 7, -2147483648]], ['y', [0, -1, 0, 0, -1]]])); // prettier-ignore
  });

  test('pow: whole powers of negative numbers, powers of 0, beta^step', () => {
    const bases = [0.5, 1, 2, 10, 0.9, 0.999, 0.95, 1.0001].flatMap((x) => [0, 1, 2, 3, 0.5, -1, 30, 999].map((y): [number, number] => [x, y])); // prettier-ignore
    const signed = [-1, -2, -0.5].flatMap((x) => [0, 1, 2, 3, 8, 17].map((y): [number, number] => [x, y]));
    const inRange = [...bases, ...signed, [0, 0], [0, 1], [0, 2.5]].filter(([x = 0, y = 0]) => x ** y < 1e30 && (x === 0 || Math.abs(x) ** y > 1e-30)) as [number, number][]; // prettier-ignore
    // |y log x| < 70: the product's rounding costs 70 * 2^-24, the exponential 2 * 70 units.
    expectBinary('pow', 'f32', inRange, 200 * ulp);
    expectBinary('pow', 'f32', [1, 2, 10, 100, 999].map((y): [number, number] => [0.999, y]), 8 * ulp); // prettier-ignore
  });

  test('pow with a constant exponent', () => {
    const n = axis('n', 4);
    const stores = [2, 3, 0.5, -0.5, -1, 1.5].map((y, i): Store => store(i + 1, [n], { kind: 'binary', fn: 'pow', x: element(0, [n]), y: e.constant(y), type: 'f32' })); // prettier-ignore
    const outputs = stores.map((_, i): TensorSpec => [`y${i}`, 'output', [n]]);
    expectOracle(map([['x', 'input', [n]], ...outputs], [n], ...stores), new Map([['x', [0.3, 1, 2.5, 9]]]), { relative: 20 * ulp }); // prettier-ignore
  });
});

describe('casts', () => {
  test.each<[ScalarType, readonly number[]]>([
    ['f32', [0, 1, -1, 0.5, -0.5, 2.9, -2.9, 1e4]],
    ['f16', [0, 1, -1, 0.5, -0.5, 2.875, -2.875, 60000]],
    ['i32', [0, 1, -1, 7, 10000, -5]],
    ['u32', [0, 1, 7, 10000]],
    ['bool', [0, 1]],
  ])('from %s to every type', (type, x) => {
    const [n, three] = [axis('n', x.length), axis('three', 3)];
    const targets: readonly ScalarType[] = ['f32', 'f16', 'i32', 'bool', ...(Math.min(...x) < 0 ? [] : ['u32' as const])]; // prettier-ignore
    for (const axes of [[n], [n, three]]) {
      const stores = targets.map((to, i) => store(i + 1, axes, { kind: 'cast', x: element(0, [n], type), type: to }));
      const outputs = targets.map((to): TensorSpec => [to, 'output', axes, to]);
      expectOracle(map([['x', 'input', [n], type], ...outputs], axes, ...stores), new Map([['x', x]]));
    }
  });
});

test('constants: extremes are exact', () => {
  const constants: readonly [ScalarType, number][] = [['f32', 0.1], ['f32', -1e-30], ['f32', 3.4028234663852886e38], ['f32', 1 / 3], ['i32', -2147483648], ['i32', 2147483647], ['u32', 4294967295], ['bool', 1], ['f32', -Infinity]]; // prettier-ignore
  for (const size of [1, 9]) {
    const n = axis('n', size);
    const stores = constants.map(([type, value], i) => store(i, [n], e.constant(type === 'f32' ? Math.fround(value) : value, type))); // prettier-ignore
    const outputs = constants.map(([type], i): TensorSpec => [`y${i}`, 'output', [n], type]);
    expectOracle(map(outputs, [n], ...stores), new Map(), { relative: 0, absolute: 0 });
  }
});

test.each([3000, 3001])('random bits are those of the oracle', (size) => {
  const n = axis('n', size);
  const seed = e.load(0, [], 'u32');
  const p = map(
    [['seed', 'input', [], 'u32'], ['u', 'output', [n]], ['v', 'output', [n]]], [n],
    store(1, [n], e.random(seed, 3, at('n'))), store(2, [n], e.random(seed, 4000000000, e.mul(at('n'), 77777))),
  ); // prettier-ignore
  const result = runOnWasm(p, new Map([['seed', [4123456789]]]), { range: 1 });
  expect([...(result.get('u') ?? [])]).toEqual(Array.from({ length: size }, (_, i) => uniform(4123456789, 3, i)));
  expect([...(result.get('v') ?? [])]).toEqual(Array.from({ length: size }, (_, i) => uniform(4123456789, 4000000000, Math.imul(i, 77777) >>> 0))); // prettier-ignore
});

describe('in place', () => {
  test('AdamW-like, every value read before the first is written', () => {
    const n = axis('n', 101);
    const [p, m, g] = [element(0, [n]), element(1, [n]), element(2, [n])];
    const moment = e.add(e.mul(m, 0.9), e.mul(g, 0.1));
    const made = map(
      [['p', 'parameter', [n]], ['m', 'state', [n]], ['g', 'input', [n]], ['old', 'output', [n]]], [n],
      store(1, [n], moment), store(0, [n], e.sub(p, e.div(moment, e.add(e.abs(m), 0.1)))), store(3, [n], e.add(m, p)),
    ); // prettier-ignore
    expectOracle(made, new Map([['p', numbers(101)], ['m', numbers(101, 2)], ['g', numbers(101, 3)]]), { absolute: 1e-6 }); // prettier-ignore
  });

  test('two states exchanged', () => {
    const n = axis('n', 65);
    const made = map([['p', 'state', [n]], ['q', 'state', [n]]], [n], store(0, [n], element(1, [n])), store(1, [n], element(0, [n]))); // prettier-ignore
    expectOracle(made, new Map([['p', numbers(65)], ['q', numbers(65, 2)]])); // prettier-ignore
  });
});

/** Keys of new tokens, rotated or not, written at a position that is data. */
test.each([
  ['one token', 1, 8, 5],
  ['several', 3, 8, 0],
  ['a ragged depth', 2, 6, 7],
  ['depth 1', 3, 1, 6],
])('a KV cache: %s', (_, tokens, depth, position) => {
  const [b, h, s, d] = [axis('b', 2), axis('h', 3), axis('s', tokens), axis('d', depth)];
  const cache = [b, h, axis('past', 10), d];
  const from = element(2, [], 'i32');
  const p = map(
    [['k', 'input', [b, s, h, d]], ['cache', 'state', cache], ['position', 'input', [], 'i32']],
    [b, h, s, d],
    { tensor: 1, index: [at('b'), at('h'), e.add(at('s'), from), at('d')], value: e.mul(element(0, [b, s, h, d]), 2) },
  ); // prettier-ignore
  const values = new Map<string, ArrayLike<number>>([['k', numbers(6 * tokens * depth)], ['cache', numbers(60 * depth, 2)], ['position', [position]]]); // prettier-ignore
  expectOracle(p, values);
  // A position beyond the cache writes nothing there and nothing elsewhere.
  for (const beyond of [10, -tokens, 1e9, -1e9]) {
    const found = runOnWasm(p, new Map(values).set('position', [beyond * 3]));
    expect([...(found.get('k') ?? [])]).toEqual(Array.from(values.get('k') ?? []));
  }
});

test('index maps: gather, window, concatenation by select, split and merged axes, a bool mask', () => {
  for (const width of [6, 8]) {
    const [t, v, d] = [axis('t', 9), axis('v', 5), axis('d', width)];
    const token = element(0, [t], 'i32');
    const rotated = e.load(1, [token, e.mod(e.add(at('d'), 3), e.constant(width, 'i32'))], 'f32');
    const shifted = e.select(e.lt(at('t'), 1), 0, e.load(2, [e.sub(at('t'), 1), at('d')], 'f32'));
    const flat = e.add(e.mul(at('t'), width), at('d'));
    const split = e.load(3, [e.div(flat, 2), e.mod(flat, 2)], 'f32');
    const made = map(
      [
        ['tokens', 'input', [t], 'i32'], ['table', 'parameter', [v, d]], ['x', 'input', [t, d]], ['pairs', 'input', [axis('h', (9 * width) / 2), axis('two', 2)]],
        ['mask', 'input', [t], 'bool'], ['y', 'output', [t, d]], ['z', 'output', [t, d]], ['kept', 'output', [t, d], 'bool'],
      ],
      [t, d], store(5, [t, d], e.add(e.mul(rotated, 2), shifted)), store(6, [t, d], split),
      store(7, [t, d], e.or(element(4, [t], 'bool'), e.lt(rotated, 0))),
    ); // prettier-ignore
    const values = new Map<string, ArrayLike<number>>([
      ['tokens', [4, 0, 1, 3, 2, 4, 4, 0, 1]],
      ['table', numbers(5 * width)],
      ['x', numbers(9 * width, 2)],
      ['pairs', numbers(9 * width, 3)],
      ['mask', [1, 0, 0, 1, 0, 0, 0, 1, 1]],
    ]);
    expectOracle(made, values, { absolute: 1e-6 });
  }
});

describe('concatenation and windows: loads beyond an end, where another side is chosen', () => {
  test.each([[8, 4], [4, 8], [5, 3], [3, 6], [1, 1], [12, 1]])('%i and %i along the last axis', (left, right) => {
    const [r, n] = [axis('r', 3), axis('n', left + right)];
    const [l, m] = [axis('l', left), axis('m', right)];
    const first = e.load(0, [at('r'), at('n')], 'f32');
    const second = e.load(1, [at('r'), e.sub(at('n'), left)], 'f32');
    const p = map([['x', 'input', [r, l]], ['y', 'input', [r, m]], ['z', 'output', [r, n]]], [r, n], store(2, [r, n], e.select(e.lt(at('n'), left), first, second)));
    expectOracle(p, new Map([['x', numbers(3 * left)], ['y', numbers(3 * right, 2)]]));
  }); // prettier-ignore

  test.each([1, 2, 4, 7])('x moved by %i, and reversed', (by) => {
    for (const size of [4, 9, 16]) {
      const n = axis('n', size);
      const inside = (index: Expr): Expr => e.and(e.ge(index, 0), e.lt(index, size));
      const moved = (index: Expr): Expr => e.select(inside(index), e.load(0, [index], 'f32'), 0);
      const p = map([['x', 'input', [n]], ['a', 'output', [n]], ['b', 'output', [n]], ['c', 'output', [n]], ['k', 'output', [n]]], [n], store(1, [n], moved(e.sub(at('n'), by))), store(2, [n], moved(e.add(at('n'), by))), store(3, [n], moved(e.sub(size + by, at('n')))), store(4, [n], moved(e.sub(e.mul(at('n'), 3), by)))); // prettier-ignore
      expectOracle(p, new Map([['x', numbers(size)]]));
    }
  });
});

test('gathers along the axis walked by fours, of f32, f16 and bool', () => {
  for (const size of [4, 7, 30]) {
    const [n, v] = [axis('n', size), axis('v', 11)];
    const token = element(0, [n], 'i32');
    const p = map(
      [['tokens', 'input', [n], 'i32'], ['x', 'input', [v]], ['h', 'input', [v], 'f16'], ['b', 'input', [v], 'bool'], ['y', 'output', [n]], ['z', 'output', [n], 'f16'], ['w', 'output', [n], 'bool']],
      [n], store(4, [n], e.load(1, [token], 'f32')), store(5, [n], e.load(2, [token], 'f16')), store(6, [n], e.not(e.load(3, [token], 'bool'))),
    ); // prettier-ignore
    const tokens = Array.from({ length: size }, (_, i) => (i * i * 5) % 11);
    expectOracle(p, new Map<string, ArrayLike<number>>([['tokens', tokens], ['x', numbers(11)], ['h', numbers(11)], ['b', [0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1]]])); // prettier-ignore
  }
});

test('stores to where an index says: distinct places, along the axis walked by fours', () => {
  for (const size of [4, 7, 30]) {
    const n = axis('n', size);
    const to = e.load(0, [at('n')], 'i32');
    const p = map([['to', 'input', [n], 'i32'], ['x', 'input', [n]], ['y', 'state', [n]], ['b', 'state', [n], 'bool']], [n], { tensor: 2, index: [to], value: element(1, [n]) }, { tensor: 3, index: [to], value: e.lt(element(1, [n]), 0) }); // prettier-ignore
    const places = Array.from({ length: size }, (_, i) => (i * 7 + 3) % size);
    const distinct = new Set(places).size === size;
    expectOracle(p, new Map<string, ArrayLike<number>>([['to', distinct ? places : places.map((_, i) => size - 1 - i)], ['x', numbers(size)]])); // prettier-ignore
  }
});
