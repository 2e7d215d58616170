import { describe, expect, test } from 'vitest';
import { add, call, effect, f32, f32x4, get, i32, i32x4, invoke, local, loop, mul, op, repeat, select, set, sub, when } from '../../../../compiler/6-kernels/wasm/code/code.ts'; // prettier-ignore
import type { Code, Immediates, WasmFunction } from '../../../../compiler/6-kernels/wasm/code/code.ts';
import { encodeModule } from '../../../../compiler/6-kernels/wasm/code/encode.ts';
import { instructions } from '../../../../compiler/6-kernels/wasm/code/instructions.ts';
import type { Instruction, InstructionName, ValueType } from '../../../../compiler/6-kernels/wasm/code/instructions.ts';
import { printModule } from '../../../../compiler/6-kernels/wasm/code/print-wat.ts';
import { procedure, runMain, valueOf } from './run-code.ts';

const zeros: { readonly [T in ValueType]: Code } = { i32: i32(0), f32: f32(0), v128: i32x4(0) };
const reversed = Array.from({ length: 16 }, (_, i) => 15 - i);

test.each(Object.keys(instructions) as InstructionName[])('%s is one', (name) => {
  const { takes, gives, immediate }: Instruction = instructions[name];
  const args = takes.map((type) => zeros[type]);
  const immediates = immediate === 'shuffle' ? { shuffle: reversed } : { offset: 300, lane: 1 };
  const main: WasmFunction = gives ? { name: 'main', params: [], body: [], result: op(name, args, immediates) } : procedure([effect(name, args, immediates)]); // prettier-ignore
  expect(WebAssembly.validate(Uint8Array.from(encodeModule(main)))).toBe(true);
});

const [ints, floats] = [i32x4(1, -2, 3, -4), f32x4(1.5, -2.5, 3.5, NaN)];
const int = (name: InstructionName, args: readonly Code[], expected: readonly number[], immediates: Immediates = {}) => [name, args, 'i32', expected, immediates] as const; // prettier-ignore
const float = (name: InstructionName, args: readonly Code[], expected: readonly number[], immediates: Immediates = {}) => [name, args, 'f32', expected, immediates] as const; // prettier-ignore

/** Memory: bytes 0, 1, 2, ... */
const bytes = Uint8Array.from({ length: 64 }, (_, i) => i);

test.each([
  int('i32.load', [i32(4)], [0x0b0a0908], { offset: 4 }),
  int('i32.load16_u', [i32(1)], [0x0201]),
  int('i32.lt_s', [i32(-1), i32(1)], [1]),
  int('i32.lt_u', [i32(-1), i32(1)], [0]),
  int('i32.ge_s', [i32(-1), i32(-1)], [1]),
  int('i32.div_s', [i32(-7), i32(2)], [-3]),
  int('i32.div_u', [i32(-7), i32(2)], [2147483644]),
  int('i32.rem_s', [i32(-7), i32(2)], [-1]),
  int('i32.rem_u', [i32(-7), i32(4)], [1]),
  int('i32.shr_s', [i32(-8), i32(1)], [-4]),
  int('i32.shr_u', [i32(-8), i32(1)], [2147483644]),
  int('i32.trunc_sat_f32_s', [f32(-2.9)], [-2]),
  int('i32.trunc_sat_f32_s', [f32(1e20)], [2147483647]),
  int('i32.trunc_sat_f32_u', [f32(-5)], [0]),
  int('i32.reinterpret_f32', [f32(1)], [0x3f800000]),
  float('f32.reinterpret_i32', [i32(0x40490fdb)], [Math.fround(Math.PI)]),
  float('f32.convert_i32_u', [i32(-1)], [4294967296]),
  float('f32.nearest', [f32(2.5)], [2]),
  float('f32.trunc', [f32(-2.5)], [-2]),
  float('f32.min', [f32(NaN), f32(1)], [NaN]),
  int('v128.load', [i32(0)], [0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c]),
  int('v128.load16x4_u', [i32(0)], [0x0100, 0x0302, 0x0504, 0x0706]),
  int('v128.load32_splat', [i32(4)], [0x07060504, 0x07060504, 0x07060504, 0x07060504]),
  int('v128.load64_splat', [i32(0)], [0x03020100, 0x07060504, 0x03020100, 0x07060504]),
  int('v128.load32_zero', [i32(4)], [0x07060504, 0, 0, 0]),
  int('v128.load64_zero', [i32(4)], [0x07060504, 0x0b0a0908, 0, 0]),
  int('v128.load32_lane', [i32(4), ints], [1, -2, 0x07060504, -4], { lane: 2 }),
  int('v128.load64_lane', [i32(4), ints], [1, -2, 0x07060504, 0x0b0a0908], { lane: 1 }),
  int('i8x16.shuffle', [i32x4(0x03020100, 0, 0, 0), i32x4(0, 0, 0, 7)], [0x00010203, 7, 0, 0], { shuffle: [3, 2, 1, 0, 28, 29, 30, 31, 4, 4, 4, 4, 4, 4, 4, 4] }),
  int('i8x16.swizzle', [i32x4(0x04030201, 0, 0, 0), i32x4(0x00010203, -1, 0, -1)], [0x01020304, 0, 0x01010101, 0]),
  int('i32x4.splat', [i32(9)], [9, 9, 9, 9]),
  int('i32x4.extract_lane', [ints], [-4], { lane: 3 }),
  int('i32x4.replace_lane', [ints, i32(9)], [1, 9, 3, -4], { lane: 1 }),
  float('f32x4.extract_lane', [floats], [-2.5], { lane: 1 }),
  float('f32x4.replace_lane', [floats, f32(9)], [1.5, -2.5, 3.5, 9], { lane: 3 }),
  int('i32x4.lt_s', [ints, i32x4(0)], [0, -1, 0, -1]),
  int('i32x4.lt_u', [ints, i32x4(2)], [-1, 0, 0, 0]),
  int('f32x4.ne', [floats, floats], [0, 0, 0, -1]),
  int('f32x4.ge', [floats, f32x4(1.5)], [-1, 0, -1, 0]),
  int('v128.andnot', [i32x4(7), i32x4(1, 2, 4, 8)], [6, 5, 3, 7]),
  int('v128.bitselect', [i32x4(-1), i32x4(0), i32x4(1, 2, 3, 4)], [1, 2, 3, 4]),
  int('v128.any_true', [i32x4(0, 0, 4, 0)], [1]),
  int('i32x4.all_true', [i32x4(1, 1, 0, 1)], [0]),
  int('i32x4.bitmask', [ints], [10]),
  int('i16x8.narrow_i32x4_u', [i32x4(1, 65535, 70000, -1), i32x4(0)], [0xffff0001 | 0, 0x0000ffff, 0, 0]),
  int('i32x4.abs', [ints], [1, 2, 3, 4]),
  int('i32x4.shl', [ints, i32(4)], [16, -32, 48, -64]),
  int('i32x4.shr_s', [ints, i32(1)], [0, -1, 1, -2]),
  int('i32x4.shr_u', [ints, i32(31)], [0, 1, 0, 1]),
  int('i32x4.mul', [ints, i32x4(747796405)], [747796405, -1495592810, -2051578081, 1303781676]),
  int('i32x4.min_s', [ints, i32x4(0)], [0, -2, 0, -4]),
  int('i32x4.max_u', [ints, i32x4(2)], [2, -2, 3, -4]),
  float('f32x4.nearest', [f32x4(0.5, 1.5, -2.5, -0.2)], [0, 2, -2, -0]),
  float('f32x4.min', [floats, f32x4(0)], [0, -2.5, 0, NaN]),
  float('f32x4.pmin', [floats, f32x4(0)], [0, -2.5, 0, NaN]),
  float('f32x4.pmax', [f32x4(0), floats], [1.5, 0, 3.5, 0]),
  float('f32x4.div', [f32x4(1), f32x4(2, 4, 0, -8)], [0.5, 0.25, Infinity, -0.125]),
  float('f32x4.sqrt', [f32x4(4, 9, 2.25, 0)], [2, 3, 1.5, 0]),
  int('i32x4.trunc_sat_f32x4_s', [floats], [1, -2, 3, 0]),
  int('i32x4.trunc_sat_f32x4_u', [floats], [1, 0, 3, 0]),
  float('f32x4.convert_i32x4_s', [ints], [1, -2, 3, -4]),
  float('f32x4.convert_i32x4_u', [i32x4(-1)], [4294967296, 4294967296, 4294967296, 4294967296]),
  float('f32x4.relaxed_madd', [f32x4(1, 2, 3, 4), f32x4(10), f32x4(5)], [15, 25, 35, 45]),
])('%s', (name, args, lanes, expected, immediates) => {
  expect(valueOf(op(name, args, immediates), lanes, bytes)).toEqual(expected);
}); // prettier-ignore

test.each<[InstructionName, Code, Immediates, readonly number[]]>([
  ['i32.store', i32(7), { offset: 4 }, [-1, 7, -1, -1]],
  ['i32.store16', i32(0x12345678), {}, [0xffff5678 | 0, -1, -1, -1]],
  ['f32.store', f32(1), { offset: 8 }, [-1, -1, 0x3f800000, -1]],
  ['v128.store', ints, {}, [1, -2, 3, -4]],
  ['v128.store32_lane', ints, { lane: 2, offset: 4 }, [-1, 3, -1, -1]],
  ['v128.store64_lane', ints, { lane: 1 }, [3, -4, -1, -1]],
])('%s', (name, value, immediates, expected) => {
  const memory = runMain(procedure([effect(name, [i32(0), value], immediates)]), [], new Uint8Array(16).fill(255));
  expect([...new Int32Array(memory, 0, 4)]).toEqual(expected);
});

describe('trees', () => {
  test.each([0, 1, -1, 63, 64, -64, -65, 8191, 8192, 2147483647, -2147483648])('the constant %i', (value) => {
    expect(valueOf(i32(value), 'i32')).toEqual([value]);
  });

  test('known sums and products of i32 are computed', () => {
    const x = get(local('x', 'i32'));
    expect([add(i32(3), i32(4)), sub(i32(3), i32(4)), mul(i32(65536), i32(65537))]).toEqual([i32(7), i32(-1), i32(65536)]); // prettier-ignore
    expect([add(x, i32(0)), add(i32(0), x), sub(x, i32(0)), mul(x, i32(1)), mul(i32(1), x)]).toEqual([x, x, x, x, x]);
    expect(mul(x, i32(0))).toEqual(i32(0));
    expect(mul(i32(8), x)).toEqual(op('i32.shl', [x, i32(3)]));
    expect(mul(x, i32(12))).toEqual(op('i32.mul', [x, i32(12)]));
  });

  test('types are checked', () => {
    expect(() => op('i32.add', [i32(1), f32(1)])).toThrow('i32.add takes i32, i32, not i32, f32');
    expect(() => op('i32.store', [i32(1), i32(1)])).toThrow('i32.store gives no value');
    expect(() => effect('i32.add', [i32(1), i32(1)])).toThrow('i32.add gives a value');
    expect(() => set(local('x', 'v128'), i32(1))).toThrow('x is v128, not i32');
    expect(() => select(i32(1), i32(1), f32(1))).toThrow('values of one type');
    expect(() => encodeModule(procedure([set(local('x', 'i32'), get(local('x', 'i32')))]))).toThrow('x is read before it is set'); // prettier-ignore
  });

  test.each<[Code, 'i32' | 'f32', readonly number[]]>([
    [select(i32(1), i32(5), i32(6)), 'i32', [5]],
    [select(i32(0), ints, i32x4(9)), 'i32', [9, 9, 9, 9]],
    [select(i32(2), f32(0.5), f32(1)), 'f32', [0.5]],
  ])('select %#', (code, lanes, expected) => expect(valueOf(code, lanes)).toEqual(expected));

  test.each([
    [0, 10, 3, 0 + 3 + 6 + 9],
    [5, 5, 1, 0],
    [7, 5, 1, 0],
    [-3, 0, 1, -6],
  ])('a loop from %i to %i by %i', (from, to, step, expected) => {
    const [i, sum, end] = [local('i', 'i32'), local('sum', 'i32'), local('end', 'i32')];
    const turns = (bound: Code): WasmFunction =>
      procedure([set(sum, i32(0)), ...loop(i, i32(from), bound, step, [set(sum, add(get(sum), get(i)))]), effect('i32.store', [i32(0), get(sum)])], [end]); // prettier-ignore
    for (const bound of [i32(to), get(end)]) expect([...new Int32Array(runMain(turns(bound), [to]), 0, 1)]).toEqual([expected]); // prettier-ignore
  });

  test('branches, with one side and with two', () => {
    const x = local('x', 'i32');
    const write = (at: number): ReturnType<typeof effect> => effect('i32.store', [i32(at), i32(1)]);
    const main = procedure([when(get(x), [write(0)]), when(get(x), [write(4)], [write(8)])], [x]);
    expect([...new Int32Array(runMain(main, [1]), 0, 3)]).toEqual([1, 1, 0]);
    expect([...new Int32Array(runMain(main, [0]), 0, 3)]).toEqual([0, 0, 1]);
  });

  test('functions: within their own arguments, with variables of their own, and without a result', () => {
    const [a, b, kept] = [local('a', 'i32'), local('b', 'i32'), local('kept', 'i32')];
    const minus: WasmFunction = { name: 'minus', params: [a, b], body: [set(kept, op('i32.sub', [get(a), get(b)]))], result: get(kept) }; // prettier-ignore
    // (100 - (10 - 3)) - (20 - 1)
    const value = call(minus, [call(minus, [i32(100), call(minus, [i32(10), i32(3)])]), call(minus, [i32(20), i32(1)])]); // prettier-ignore
    const at = local('at', 'i32');
    const put: WasmFunction = {
      name: 'put',
      params: [at],
      body: [effect('i32.store', [get(at), value])],
      result: null,
    };
    expect([...new Int32Array(runMain(procedure([invoke(put, [i32(0)]), invoke(put, [i32(8)])])), 0, 3)]).toEqual([74, 0, 74]); // prettier-ignore
  });
});

test('the text of a module', () => {
  const [x, twice] = [local('x', 'v128'), local('twice', 'v128')];
  const double: WasmFunction = { name: 'double', params: [x], body: [set(twice, op('f32x4.add', [get(x), get(x)]))], result: op('f32x4.pmax', [get(twice), f32x4(0.1, -0, Infinity, NaN)]) }; // prettier-ignore
  const [p, end, i, other] = [local('p', 'i32'), local('end', 'i32'), local('i', 'i32'), local('i', 'i32')];
  const main = procedure(
    [
      ...loop(i, i32(0), get(end), 16, [effect('v128.store', [add(get(p), get(i)), call(double, [op('v128.load', [add(get(p), get(i))])])], { offset: 64 })]),
      set(other, select(get(end), i32(1), i32(2))),
      when(get(other), [effect('v128.store32_lane', [get(p), i32x4(1, 2, 3, 4)], { lane: 3 })], [effect('f32.store', [get(p), f32(1e-7)])]),
      repeat([set(other, sub(get(other), i32(1)))], op('i32.gt_s', [get(other), i32(0)])),
    ],
    [p, end],
  ); // prettier-ignore
  expect(printModule(main)).toBe(`(module
  (import "env" "memory" (memory 1 65536 shared))
  (func $double (param $x v128) (result v128)
    (local $twice v128)
    (local.set $twice (f32x4.add (local.get $x) (local.get $x)))
    (f32x4.pmax (local.get $twice) (v128.const f32x4 0.1 -0 inf nan)))
  (func $main (export "main") (param $p i32) (param $end i32)
    (local $i i32)
    (local $i.1 i32)
    (local.set $i (i32.const 0))
    (if (i32.lt_s (local.get $i) (local.get $end))
      (then
        (loop
          (v128.store offset=64 (i32.add (local.get $p) (local.get $i)) (call $double (v128.load (i32.add (local.get $p) (local.get $i)))))
          (local.set $i (i32.add (local.get $i) (i32.const 16)))
          (br_if 0 (i32.lt_s (local.get $i) (local.get $end))))))
    (local.set $i.1 (select (i32.const 1) (i32.const 2) (local.get $end)))
    (if (local.get $i.1)
      (then
        (v128.store32_lane 3 (local.get $p) (v128.const i32x4 1 2 3 4)))
      (else
        (f32.store (local.get $p) (f32.const 1e-7))))
    (loop
      (local.set $i.1 (i32.sub (local.get $i.1) (i32.const 1)))
      (br_if 0 (i32.gt_s (local.get $i.1) (i32.const 0))))))
`);
});
