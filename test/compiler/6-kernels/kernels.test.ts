import { describe, expect, test } from 'vitest';
import * as e from '../../../compiler/3-graph/expr-build.ts';
import type { Expr } from '../../../compiler/3-graph/expr.ts';
import type { Axis, MapGroup, Program, RowGroup, ScatterGroup } from '../../../compiler/5-optimize/groups.ts';
import { assembleKernel } from '../../../compiler/6-kernels/wgsl/assemble.ts';
import type { WgslPart } from '../../../compiler/6-kernels/wgsl/wgsl-part.ts';
import { lowerMap } from '../../../compiler/6-kernels/wgsl/lower-map.ts';
import { lowerRow } from '../../../compiler/6-kernels/wgsl/lower-row.ts';
import { lowerScatter } from '../../../compiler/6-kernels/wgsl/lower-scatter.ts';
import type { WebGpuTarget } from '../../../compiler/7-plan/plan.ts';
import { at, axis, element, program } from '../../device/programs.ts';
import type { TensorSpec } from '../../device/programs.ts';

const hardware: WebGpuTarget = {
  kind: 'webgpu',
  features: [],
  maxBindingBytes: 2 ** 27,
  maxBufferBytes: 2 ** 28,
  maxStorageBindings: 10,
  maxInvocations: 256,
  maxWorkgroupStorage: 2 ** 14,
  maxWorkgroupsPerDimension: 65535,
  software: false,
};
const software: WebGpuTarget = { ...hardware, software: true };

const indices = (axes: readonly Axis[]): Expr[] => axes.map((one) => at(one.name));
const code = (p: Program, target: WebGpuTarget, ...parts: readonly WgslPart[]): string => {
  const slots = [...new Set(parts.flatMap((part) => part.tensors))];
  return assembleKernel(parts, p, (tensor) => slots.indexOf(tensor), target).code;
};

/** The statements of `main` of a map of one store, `y[axes] = value`, over the tensors given and y. */
function statements(tensors: readonly TensorSpec[], axes: readonly Axis[], value: Expr): string {
  const group: MapGroup = { kind: 'map', name: 'm', axes, stores: [{ tensor: tensors.length, index: indices(axes), value }] }; // prettier-ignore
  const p = program([...tensors, ['y', 'output', axes, value.type]], group);
  const part = lowerMap(p, group, hardware);
  const slot = (tensor: number): string => (tensor === tensors.length ? 'y' : `t${tensor}`);
  return part.print(slot, 'p0_').body.split('\n').slice(1).map((line) => line.trim()).join('\n'); // prettier-ignore
}

const [r, c, h] = [axis('r', 64), axis('c', 8), axis('h', 4)];
const x: TensorSpec = ['x', 'input', [r, c]];

describe('indices', () => {
  test.each<[string, readonly TensorSpec[], Expr, string]>([
    ['in the order of the axes', [x], element(0, [r, c]), 'let i_p = i32(p);\ny[i_p] = t0[i_p];'],
    ['one axis of two', [['b', 'input', [c]]], element(0, [c]), 'let i_p = i32(p);\nlet i_c = i32(p % 8u);\ny[i_p] = t0[i_c];'],
    ['the outer axis', [['b', 'input', [r]]], element(0, [r]), 'let i_p = i32(p);\nlet i_r = i32(p / 8u);\ny[i_p] = t0[i_r];'],
    ['transposed', [['x', 'input', [c, r]]], element(0, [c, r]), 'let i_p = i32(p);\nlet i_r = i32(p / 8u);\nlet i_c = i32(p % 8u);\ny[i_p] = t0[i_r + i_c * 64];'],
    ['constants folded', [x], e.load(0, [e.sub(63, at('r')), e.constant(5, 'i32')], 'f32'), 'let i_p = i32(p);\nlet i_r = i32(p / 8u);\ny[i_p] = t0[-(i_r * 8) + 509];'],
    ['merged and split again', [['x', 'input', [axis('m', 512)]], x], e.load(1, [e.div(e.add(e.mul(at('r'), 8), at('c')), 8), e.mod(e.add(e.mul(at('r'), 8), at('c')), 8)], 'f32'), 'let i_p = i32(p);\ny[i_p] = t1[i_p];'],
    ['gathered', [['t', 'input', [r], 'i32'], ['e', 'parameter', [axis('v', 99), c]]], e.load(1, [element(0, [r], 'i32'), at('c')], 'f32'), 'let i_p = i32(p);\nlet i_c = i32(p % 8u);\nlet i_r = i32(p / 8u);\ny[i_p] = t1[i_c + t0[i_r] * 8];'],
    ['a size of 1 is no index', [['x', 'input', [axis('one', 1), r, c]]], e.load(0, [e.constant(0, 'i32'), at('r'), at('c')], 'f32'), 'let i_p = i32(p);\ny[i_p] = t0[i_p];'],
  ])('%s', (_, tensors, value, expected) => {
    expect(statements(tensors, [r, c], value)).toBe(expected);
  }); // prettier-ignore
});

describe('values', () => {
  const a = element(0, [r, c]);
  test.each<[string, Expr, string]>([
    ['shared parts are computed once', e.mul(e.exp(a), e.add(e.exp(a), 1)), 'let v0 = exp(min(t0[i_p], 88.72f));\ny[i_p] = v0 * (v0 + 1.0f);'],
    ['negative constants', e.sub(a, e.constant(-2.5)), 'y[i_p] = t0[i_p] - (-2.5f);'],
    ['bool is stored as u32', e.lt(a, 0), 'y[i_p] = u32(t0[i_p] < 0.0f);'],
    ['select', e.select(e.and(e.lt(a, 1), e.not(e.lt(a, 0))), a, 0), 'let v0 = t0[i_p];\ny[i_p] = select(0.0f, v0, (v0 < 1.0f) & (!(v0 < 0.0f)));'],
    ['random', e.random(e.constant(7, 'u32'), 2, at('r')), 'let key0 = stream_key(u32(7u), 2u);\nlet i_r = i32(p / 8u);\ny[i_p] = random_f32(key0, u32(i_r));'],
    ['what the compiler of the shader would refuse', { kind: 'binary', fn: 'div', x: e.constant(1), y: e.constant(0), type: 'f32' }, 'let v0 = f32(1.0f);\nlet v1 = f32(0.0f);\ny[i_p] = v0 / v1;'],
  ])('%s', (_, value, expected) => {
    const lines = statements([x], [r, c], value).split('\n');
    expect(lines.filter((line) => line !== 'let i_p = i32(p);').join('\n')).toBe(expected);
  }); // prettier-ignore

  test('a chain of doubled uses stays as long as it is, whether its objects are shared or not', () => {
    let shared: Expr = a;
    let copied: Expr = a;
    for (let i = 0; i < 12; i++) {
      shared = e.add(e.sin(shared), e.cos(shared));
      copied = e.add(e.sin(structuredClone(copied)), e.cos(structuredClone(copied)));
    }
    const text = statements([x], [r, c], shared);
    expect(text.split('\n').length).toBeLessThan(30);
    expect(statements([x], [r, c], copied)).toBe(text);
    for (let i = 0; i < 300; i++) shared = e.add(e.sin(shared), e.cos(shared));
    expect(statements([x], [r, c], shared).split('\n').length).toBeLessThan(700);
  });
});

const norm: RowGroup = {
  kind: 'row', name: 'norm', axes: [r], row: [c, h],
  reductions: [{ result: 'squares', fn: 'sum', value: e.mul(element(0, [r, c, h]), element(0, [r, c, h])) }],
  rowStores: [],
  elementStores: [{ tensor: 2, index: indices([r, c, h]), value: e.mul(e.mul(element(0, [r, c, h]), element(1, [])), e.rsqrt(e.variable('squares', 'f32'))) }],
}; // prettier-ignore
const normProgram = program(
  [
    ['x', 'input', [r, c, h]],
    ['scale', 'input', []],
    ['y', 'output', [r, c, h]],
  ],
  norm,
);

test('a row per invocation: what a loop does not change is computed before it', () => {
  expect(code(normProgram, software, lowerRow(normProgram, norm, software))).toMatchInlineSnapshot(`
    "@group(0) @binding(0) var<storage, read_write> t0: array<f32>;
    @group(0) @binding(1) var<storage, read_write> t1: array<f32>;
    @group(0) @binding(2) var<storage, read_write> t2: array<f32>;

    @compute @workgroup_size(32)
    fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
      let wg = workgroup.x;
      let r = wg * 32u + lane;
      var r_squares = 0.0f;
      let i_r = i32(r);
      let o0 = i_r * 32;
      for (var e = 0u; e < 32u; e++) {
        let i_e = i32(e);
        let v0 = t0[o0 + i_e];
        r_squares = r_squares + v0 * v0;
      }
      let v2 = t1[0];
      let v3 = inverseSqrt(r_squares);
      for (var e = 0u; e < 32u; e++) {
        let i_e1 = i32(e);
        let v1 = t0[o0 + i_e1];
        t2[o0 + i_e1] = (v1 * v2) * v3;
      }
    }
    "
  `);
});

test('a row per group of invocations', () => {
  expect(code(normProgram, hardware, lowerRow(normProgram, norm, hardware))).toMatchInlineSnapshot(`
    "@group(0) @binding(0) var<storage, read_write> t0: array<f32>;
    @group(0) @binding(1) var<storage, read_write> t1: array<f32>;
    @group(0) @binding(2) var<storage, read_write> t2: array<f32>;

    var<workgroup> p0_squares_0: array<f32, 256>;

    @compute @workgroup_size(256)
    fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
      let wg = workgroup.x;
      let r = wg * 32u + lane / 8u;
      let l = lane % 8u;
      var r_squares = 0.0f;
      let i_r = i32(r);
      let o0 = i_r * 32;
      for (var e = l; e < 32u; e += 8u) {
        let i_e = i32(e);
        let v0 = t0[o0 + i_e];
        r_squares = r_squares + v0 * v0;
      }
      p0_squares_0[lane] = r_squares;
      workgroupBarrier();
      for (var s = 4u; s > 0u; s >>= 1u) {
        if (l < s) {
          p0_squares_0[lane] = p0_squares_0[lane] + p0_squares_0[lane + s];
        }
        workgroupBarrier();
      }
      let squares_all = p0_squares_0[lane - l];
      let v2 = t1[0];
      let v3 = inverseSqrt(squares_all);
      for (var e = l; e < 32u; e += 8u) {
        let i_e1 = i32(e);
        let v1 = t0[o0 + i_e1];
        t2[o0 + i_e1] = (v1 * v2) * v3;
      }
    }
    "
  `);
});

test('a row store over what other invocations read waits for them', () => {
  const squares = e.variable('squares', 'f32');
  const inPlace: RowGroup = { ...norm, rowStores: [{ tensor: 1, index: [], value: e.add(element(1, []), squares) }], elementStores: [], axes: [] , row: [r, c, h] }; // prettier-ignore
  const fresh: RowGroup = { ...inPlace, rowStores: [{ tensor: 1, index: [], value: squares }] };
  expect(code(normProgram, hardware, lowerRow(normProgram, inPlace, hardware))).toContain('storageBarrier');
  expect(code(normProgram, hardware, lowerRow(normProgram, fresh, hardware))).not.toContain('storageBarrier');
});

const scatter: ScatterGroup = {
  kind: 'scatter', name: 'embed', bins: axis('v', 300), axes: [c], items: [r],
  bin: element(0, [r], 'i32'), value: element(1, [r, c]),
  stores: [{ tensor: 2, index: [at('v'), at('c')], value: e.variable('sum', 'f32') }],
}; // prettier-ignore
const scatterProgram = program([['t', 'input', [r], 'i32'], x, ['g', 'output', [axis('v', 300), c]]], scatter);

test('scatter: a block of bins per invocation', () => {
  const part = lowerScatter(scatterProgram, scatter, software);
  expect(code(scatterProgram, software, part)).toMatchInlineSnapshot(`
    "@group(0) @binding(0) var<storage, read_write> t0: array<i32>;
    @group(0) @binding(1) var<storage, read_write> t1: array<f32>;
    @group(0) @binding(2) var<storage, read_write> t2: array<f32>;

    @compute @workgroup_size(32)
    fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
      let wg = workgroup.x;
      let c = lane;
      let first = wg * 256u;
      if (c < 8u) {
        var sums: array<f32, 256>;
        let i_c = i32(c);
        for (var e = 0u; e < 64u; e++) {
          let i_e = i32(e);
          let b = u32(t0[i_e]) - first;
          if (b < 256u) {
            let i_e1 = i32(e);
            sums[b] += t1[i_c + i_e1 * 8];
          }
        }
        for (var b = 0u; b < min(256u, 300u - first); b++) {
          let row = first + b;
          let sum = sums[b];
          let i_row = i32(row);
          t2[i_c + i_row * 8] = sum;
        }
      }
    }
    "
  `);
});

test('parts share a module: bindings and helpers once, workgroups in order, folded beyond the limit', () => {
  const y = axis('y', 700);
  const made = (tensor: number): MapGroup => ({ kind: 'map', name: `m${tensor}`, axes: [y], stores: [{ tensor, index: [at('y')], value: e.erf(element(0, [y])) }] }); // prettier-ignore
  const [first, second] = [made(1), made(2)];
  const p = program(
    [
      ['x', 'input', [y]],
      ['a', 'output', [y]],
      ['b', 'output', [y]],
    ],
    first,
    second,
  );
  const target = { ...hardware, maxWorkgroupsPerDimension: 4 };
  const parts = [lowerMap(p, first, target), lowerMap(p, second, target)];
  const slots = new Map([[0, 0], [1, 1], [2, 2]]); // prettier-ignore
  const kernel = assembleKernel(parts, p, (tensor) => slots.get(tensor) ?? -1, target);
  expect(kernel.workgroups).toEqual([3, 2, 1]);
  expect(kernel.code.match(/fn erf_f32/g)).toHaveLength(1);
  expect(kernel.code.slice(kernel.code.indexOf('@compute'))).toMatchInlineSnapshot(`
    "@compute @workgroup_size(256)
    fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
      let any_wg = workgroup.y * 3u + workgroup.x;
      if (any_wg < 3u) {
        let wg = any_wg;
        let p = wg * 256u + lane;
        if (p < 700u) {
          let i_p = i32(p);
          t1[i_p] = erf_f32(t0[i_p]);
        }
      } else {
        let wg = any_wg - 3u;
        let p = wg * 256u + lane;
        if (p < 700u) {
          let i_p = i32(p);
          t2[i_p] = erf_f32(t0[i_p]);
        }
      }
    }
    "
  `);
});

test('the text depends on slots and sizes only', () => {
  const axes = [axis('n', 100)];
  const group: MapGroup = { kind: 'map', name: 'a', axes, stores: [{ tensor: 1, index: indices(axes), value: element(0, axes) }] }; // prettier-ignore
  const other: MapGroup = { ...group, name: 'b', stores: [{ tensor: 3, index: indices(axes), value: element(2, axes) }] }; // prettier-ignore
  const p = program([['x', 'input', axes], ['y', 'output', axes], ['z', 'input', axes], ['w', 'output', axes]], group, other); // prettier-ignore
  expect(code(p, hardware, lowerMap(p, group, hardware))).toBe(code(p, hardware, lowerMap(p, other, hardware)));
});
