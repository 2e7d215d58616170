import { describe, expect, test } from 'vitest';
import { erf } from '../../../../compiler/3-graph/expr/erf.ts';
import { uniform } from '../../../../compiler/3-graph/random.ts';
import { add, call, f32x4, i32, op } from '../../../../compiler/6-kernels/wasm/code/code.ts';
import { mathFor } from '../../../../compiler/6-kernels/wasm/math/math.ts';
import type { WasmMath } from '../../../../compiler/6-kernels/wasm/math/math.ts';
import { fromHalf, toHalf } from '../../../../runtime/engine/data/tensor-data.ts';
import { mapLanes, valueOf } from './run-code.ts';

type Name = 'exp' | 'log' | 'tanh' | 'sigmoid' | 'erf' | 'sin' | 'cos';

const exactly: { readonly [N in Name]: (x: number) => number } = {
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  erf,
  sin: Math.sin,
  cos: Math.cos,
};

const COUNT = 20000;
const spread = (from: number, to: number): number[] => Array.from({ length: COUNT }, (_, i) => from + ((to - from) * i) / (COUNT - 1)); // prettier-ignore
/** Equal ratios; from and to of one sign. */
const ratios = (from: number, to: number): number[] => Array.from({ length: COUNT }, (_, i) => from * (to / from) ** (i / (COUNT - 1))); // prettier-ignore
const both = (x: readonly number[]): number[] => x.flatMap((one) => [one, -one]);

const UNIT = 2 ** -23;
const LEAST = 2 ** -126;

/** Greatest error in units of 2^-23 of the value, or of 1. */
function worst(name: Name, math: WasmMath, x: readonly number[], of: 'value' | 'one'): number {
  const input = Float32Array.from(x);
  const result = mapLanes((lanes) => call(math[name], [lanes]), new Float32Array(input.length), input);
  const errors = [...input].map((one, i) => {
    const right = exactly[name](one);
    const scale = of === 'one' ? 1 : Math.max(Math.abs(right), LEAST);
    return Math.abs((result[i] ?? NaN) - right) / (UNIT * scale);
  });
  return errors.reduce((most, error) => Math.max(most, error), 0);
}

const kinds = [['with two roundings', mathFor(false)], ['relaxed', mathFor(true)]] as const; // prettier-ignore

describe.each(kinds)('%s', (_, math) => {
  test.each<[Name, string, readonly number[], 'value' | 'one', number]>([
    ['exp', 'all that is normal', spread(-86.9, 88.7), 'value', 1],
    ['exp', 'near 0', both(ratios(1e-30, 1)), 'value', 1],
    ['log', 'all that is normal', ratios(1.2e-38, 3.4e38), 'value', 1],
    ['log', 'near 1', spread(0.5, 2), 'value', 1],
    ['log', 'nearer', both(ratios(1e-7, 1e-2)).map((x) => 1 + x), 'value', 1],
    ['log', 'subnormal', ratios(1.5e-45, 1.17e-38), 'value', 1],
    ['tanh', 'all', spread(-12, 12), 'value', 2],
    ['tanh', 'near 0', both(ratios(1e-37, 1)), 'value', 2],
    ['sigmoid', 'all that is normal', spread(-87, 30), 'value', 2],
    ['erf', 'all', spread(-5, 5), 'value', 1],
    ['erf', 'near 0', both(ratios(1e-37, 1)), 'value', 1],
    ['sin', 'two turns', spread(-9, 9), 'value', 1.5],
    ['sin', 'near 0', both(ratios(1e-37, 1.5)), 'value', 1],
    ['sin', 'many turns', spread(-1e5, 1e5), 'one', 1],
    ['cos', 'two turns', spread(-9, 9), 'one', 1],
    ['cos', 'many turns', spread(-1e5, 1e5), 'one', 1],
  ])('%s: %s', (name, _what, x, of, units) => {
    expect(worst(name, math, x, of)).toBeLessThan(units);
  });

  const [inf, greatest] = [Infinity, 3.4028234663852886e38];
  /** 3.393e38: e^88.72, where WGSL cuts too. */
  const cut = Math.fround(Math.exp(Math.fround(88.72)));
  const least = 1.219243449397894e-38; // e^-87.3
  test.each<[Name, readonly (readonly [number, number])[]]>([
    ['exp', [[0, 1], [-0, 1], [88.73, cut], [1e4, cut], [greatest, cut], [inf, cut], [-87.2, 0], [-1e4, 0], [-greatest, 0], [-inf, 0], [1e-45, 1]]],
    ['log', [[0, -inf], [-0, -inf], [1, 0], [inf, inf], [-1, NaN], [-1e-45, NaN], [-inf, NaN], [greatest, 88.7228390520684], [2 ** -149, -149 * Math.LN2]]],
    ['tanh', [[0, 0], [10, 1], [-10, -1], [greatest, 1], [-greatest, -1], [inf, 1], [-inf, -1], [1e-45, 2 ** -149]]],
    ['sigmoid', [[0, 0.5], [greatest, 1], [inf, 1], [-90, least], [-greatest, least], [-inf, least]]],
    ['erf', [[0, 0], [4, 1], [-4, -1], [greatest, 1], [-greatest, -1], [inf, 1], [-inf, -1]]],
    ['sin', [[0, 0], [inf, NaN], [-inf, NaN]]],
    ['cos', [[0, 1], [-0, 1], [inf, NaN], [-inf, NaN]]],
  ])('%s at the ends', (name, points) => {
    const x = Float32Array.from(points, ([one]) => one);
    const result = mapLanes((lanes) => call(math[name], [lanes]), new Float32Array(x.length), x);
    points.forEach(([one, right], i) => {
      const value = result[i] ?? 0;
      if (Number.isFinite(right)) expect(Math.abs(value - right), `${name}(${one}) = ${value}`).toBeLessThanOrEqual(2 * UNIT * Math.abs(right));
      else expect(value, `${name}(${one})`).toBe(right);
    });
  }); // prettier-ignore

  test.each(['exp', 'log', 'tanh', 'sigmoid', 'erf', 'sin', 'cos'] as const)(
    '%s: no number stays none, whatever its bits',
    (name) => {
      // prettier-ignore
      const bits = Int32Array.of(0x7fc00000, 0x7fffffff, 0x7fc00001, 0x7f800001, 0xffc00000 | 0, 0xffffffff | 0, 0x7fe12345, 0xff800001 | 0); // prettier-ignore
      const result = mapLanes((lanes) => call(math[name], [lanes]), new Float32Array(bits.length), bits);
      expect([...result]).toEqual(Array.from(result, () => NaN));
    },
  );

  test.each(['sin', 'cos'] as const)('%s of huge numbers is within [-1, 1]', (name) => {
    const x = Float32Array.from(both(ratios(1e5, 3.4e38)));
    const result = mapLanes((lanes) => call(math[name], [lanes]), new Float32Array(x.length), x);
    expect(Math.max(...result.map(Math.abs))).toBeLessThanOrEqual(1);
  });

  const pow = (pairs: readonly (readonly [number, number])[]): readonly number[] => [
    ...mapLanes((x, y) => call(math.pow, [x, y]), new Float32Array(pairs.length), Float32Array.from(pairs, ([x]) => x), Float32Array.from(pairs, ([, y]) => y)),
  ]; // prettier-ignore

  test('pow: every base and exponent whose power is a normal number', () => {
    const bases = [...spread(0.5, 2), ...ratios(1.2e-38, 3.4e38)].map(Math.fround);
    const pairs = bases
      .map((x, i): [number, number] => [x, Math.fround(((((i * 7919) % 2000) - 1000) / 1000) * (87 / Math.max(Math.abs(Math.log(x)), 1e-4)))])
      .filter(([x, y]) => x ** y > LEAST * 2 && x ** y < 3.3e38); // prettier-ignore
    const errors = pow(pairs).map((value, i) => Math.abs(value / (pairs[i] ?? [0, 0])[0] ** (pairs[i] ?? [0, 0])[1] - 1) / UNIT); // prettier-ignore
    expect(pairs.length).toBeGreaterThan(30000);
    expect(errors.reduce((most, error) => Math.max(most, error), 0)).toBeLessThan(10);
  });

  test('pow: beta^step', () => {
    const pairs = [0.9, 0.95, 0.999, 0.9999].flatMap((beta) => [1, 2, 10, 100, 1000, 10000].map((step) => [Math.fround(beta), step] as const)).filter(([x, y]) => x ** y > 1e-37); // prettier-ignore
    pow(pairs).forEach((value, i) => {
      const [beta = 0, step = 0] = pairs[i] ?? [];
      expect(Math.abs(value / beta ** step - 1), `${beta}^${step}`).toBeLessThan(2 * UNIT);
    });
  });

  test.each([
    [0, 0, 1], [0, 1, 0], [0, 2.5, 0], [-0, 2, 0], [1e-40, 0, 1], [1e-40, 2, 0],
    [1, inf, 1], [1, 3e38, 1], [-1, 3e38, 1], [2, 10, 1024], [-2, 3, -8], [-2, 2, 4], [-2, -1, -0.5], [-0.5, 17, -(0.5 ** 17)],
    [-2, 0.5, Math.SQRT2], [2, 1e30, cut], [2, -1e30, 0], [0.5, 3e38, 0], [greatest, greatest, cut], [greatest, -greatest, 0], [inf, -1, 0],
    [16777216, 3, 16777216 ** 3], [NaN, 1, NaN], [NaN, 0, NaN], [2, NaN, NaN], [1, NaN, NaN],
  ])('%f ^ %f = %f', (x, y, right) => {
    const [value = 0] = pow([[x, y]]);
    if (Number.isNaN(right)) expect(value).toBe(NaN);
    else expect(Math.abs(value - right)).toBeLessThanOrEqual(2 * UNIT * Math.abs(right));
  }); // prettier-ignore

  test('multiply-add', () => {
    expect(valueOf(math.fma(f32x4(1, 2, 3, 4), f32x4(2), f32x4(-1)), 'f32')).toEqual([1, 3, 5, 7]);
  });
});

const { sum, max, random, streamKey, halfToFloat, floatToHalf } = mathFor(true);

test('over the four lanes', () => {
  expect(valueOf(call(sum, [f32x4(1, 20, 300, 4000)]), 'f32')).toEqual([4321]);
  expect(valueOf(call(max, [f32x4(1, -20, 30, 4)]), 'f32')).toEqual([30]);
  for (const lanes of [[NaN, 1, 2, 3], [1, NaN, 2, 3], [1, 2, NaN, 3], [1, 2, 3, NaN]]) expect(valueOf(call(max, [f32x4(...lanes)]), 'f32')).toEqual([NaN]); // prettier-ignore
});

test.each([[0, 0], [1, 2], [4123456789, 3], [7, 4000000000], [4294967295, 4294967295]])('random numbers of seed %i, stream %i are those of the oracle', (seed, stream) => {
  const counters = Int32Array.from({ length: 20000 }, (_, i) => (i < 10000 ? i : Math.imul(i, 2654435761)));
  const key = call(streamKey, [i32(seed), add(i32(stream), i32(0))]);
  const result = mapLanes((lanes) => call(random, [key, lanes]), new Float32Array(counters.length), counters);
  expect([...result]).toEqual([...counters].map((counter) => uniform(seed, stream, counter >>> 0)));
}); // prettier-ignore

describe('halves', () => {
  const all = Int32Array.from({ length: 65536 }, (_, i) => i);
  const wide = mapLanes((h) => call(halfToFloat, [h]), new Float32Array(all.length), all);

  test('all 65536 to f32 and back', () => {
    expect([...wide]).toEqual([...all].map(fromHalf));
    const back = mapLanes((x) => call(floatToHalf, [x]), new Int32Array(all.length), wide);
    // What is no number becomes one quiet one of its sign.
    expect([...back]).toEqual([...all].map((h) => ((h & 0x7fff) > 0x7c00 ? (h & 0x8000) | 0x7e00 : h)));
  });

  test('to nearest, ties to even: between all neighbours, and at the ends', () => {
    const finite = [...wide].filter(Number.isFinite);
    const between = finite.flatMap((x) => {
      const next = fromHalf(toHalf(x) + 1);
      const middle = Number.isFinite(next) ? (x + next) / 2 : Math.sign(x) * 65520;
      return [middle, middle * (1 - 2 ** -20), middle * (1 + 2 ** -20)];
    });
    const x = Float32Array.from([...between, 65519.996, 65520, 1e30, -1e30, 2 ** -25, 2 ** -25 * 1.000001, -(2 ** -26), 1e-45, Infinity, -Infinity]); // prettier-ignore
    const result = mapLanes((lanes) => call(floatToHalf, [lanes]), new Int32Array(x.length), x);
    expect([...result]).toEqual([...x].map(toHalf));
  });

  test('three of a vector are of no account to the fourth', () => {
    const four = op('i32x4.extract_lane', [call(floatToHalf, [f32x4(NaN, Infinity, 1e-40, -1.5)])], { lane: 3 });
    expect(valueOf(four, 'i32')).toEqual([0xbe00]);
  });
});
