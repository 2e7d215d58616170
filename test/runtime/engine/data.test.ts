import { expect, test } from 'vitest';
import { constantData } from '../../../runtime/engine/data/constants.ts';
import { fromBytes, fromHalf, toBytes, toHalf } from '../../../runtime/engine/data/tensor-data.ts';

test.each([
  [0, 0x0000],
  [-0, 0x8000],
  [1, 0x3c00],
  [-2, 0xc000],
  [65504, 0x7bff],
  [65519, 0x7bff],
  [65520, 0x7c00],
  [-Infinity, 0xfc00],
  [NaN, 0x7e00],
  [2 ** -14, 0x0400],
  [2 ** -24, 0x0001],
  [2 ** -25, 0x0000], // a tie goes to even
  [1 + 2 ** -11, 0x3c00],
  [1 + 3 * 2 ** -11, 0x3c02],
  [2047.9999, 0x6800], // carries into the exponent
])('f16 of %f is 0x%i', (value, half) => {
  expect(toHalf(value)).toBe(half);
});

test('every finite f16 comes back', () => {
  for (let half = 0; half < 0x7c00; half++) expect(toHalf(fromHalf(half))).toBe(half);
});

test('f16 tensors are padded to whole words', () => {
  const tensor = { name: 't', type: 'f16' as const, shape: [3] };
  const bytes = toBytes(tensor, new Float32Array([1, 0.5, -3]));
  expect(bytes.byteLength).toBe(8);
  expect([...fromBytes(tensor, bytes.slice().buffer)]).toEqual([1, 0.5, -3]);
});

test('a view into a larger array is written alone', () => {
  const view = new Float32Array([1, 2, 3, 4]).subarray(1, 3);
  expect([...new Float32Array(toBytes({ name: 't', type: 'f32', shape: [2] }, view).slice().buffer)]).toEqual([2, 3]);
});

test('rope tables are rounded once, from f64', () => {
  const inverseFrequencies = [1, 0.1];
  const tensor = { name: 'cos', role: 'constant' as const, type: 'f32' as const, shape: [3, 2], dims: [], buffer: 0 };
  const data = { kind: 'rope_table' as const, fn: 'cos' as const, positions: 3, inverseFrequencies, factor: 0.5 };
  const expected = [0, 1, 2].flatMap((p) => inverseFrequencies.map((f) => Math.fround(Math.cos(p * f) * 0.5)));
  expect([...constantData({ ...tensor, data })]).toEqual(expected);
});

// Of 256..512 bfloat16 has the even numbers only; 257 and 259 lie between two of them, the even half wins.
test('bias tables are rounded to bfloat16: slope, position and product', () => {
  const tensor = {
    name: 'bias',
    role: 'constant' as const,
    type: 'f32' as const,
    shape: [1, 260],
    dims: [],
    buffer: 0,
  };
  const third = 0.333984375;
  const table = [...constantData({ ...tensor, data: { kind: 'bias_table', slopes: [1 / 3], positions: 260 } })];
  expect(table.slice(0, 4)).toEqual([0, third, 2 * third, 1]);
  const ones = [...constantData({ ...tensor, data: { kind: 'bias_table', slopes: [1], positions: 260 } })];
  expect(ones.slice(254)).toEqual([254, 255, 256, 256, 258, 260]);
});
