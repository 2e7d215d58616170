import { describe, expect, test } from 'vitest';
import { matmulGraph } from '../../../runtime/bench/graphs.ts';
import { compileGraph } from '../../../compiler/compile-graph.ts';
import type { ContractGroup } from '../../../compiler/5-optimize/groups.ts';
import { lowerContract } from '../../../compiler/6-kernels/wgsl/contract/lower-contract.ts';
import { matrixSchedule, matrixTiles } from '../../../compiler/6-kernels/wgsl/contract/matrix/matrix-schedule.ts';
import { contractSchedule } from '../../../compiler/6-kernels/wgsl/contract/schedule.ts';
import type { WebGpuTarget } from '../../../compiler/7-plan/plan.ts';
import { gatedUnit, inHalves, intoHalves, product2, residualSum, shape } from '../../device/contract-programs.ts';
import type { Case } from '../../device/contract-programs.ts';

const sizes = [[16, 8, 8], [16, 16, 16], [16, 8, 16]] as const; // prettier-ignore
const target: WebGpuTarget = {
  kind: 'webgpu',
  features: ['shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix'],
  maxBindingBytes: 2 ** 31 - 4,
  maxBufferBytes: 2 ** 31,
  maxStorageBindings: 10,
  maxInvocations: 1024,
  maxWorkgroupStorage: 49152,
  maxWorkgroupsPerDimension: 65535,
  software: false,
  subgroupSize: 32,
  subgroupMatrices: sizes.map(([M, N, K]) => ({ component: 'f16', result: 'f32', M, N, K })),
};

function groupOf({ program }: Case): ContractGroup {
  const [group] = program.groups;
  if (group?.kind !== 'contract') throw new Error('a product');
  return group;
}

/** A product of sizes for which no values are made. */
function sized(m: number, n: number, k: number): ContractGroup {
  const group = groupOf(inHalves(product2(shape(8, 8, 8))));
  const axes = { m: [{ name: 'm', size: m }], n: [{ name: 'n', size: n }], k: [{ name: 'k', size: k }] };
  const accumulators = group.accumulators.map((one) => ({ ...one, terms: one.terms.map((term) => ({ ...term, k: axes.k })) })); // prettier-ignore
  return { ...group, m: axes.m, n: axes.n, accumulators };
}

describe('schedules', () => {
  const chosen = (group: ContractGroup, given = target): string => {
    const one = contractSchedule(group, given, true);
    return one.kind === 'matrix' ? `${one.rows} x ${one.columns}` : one.kind;
  };

  test.each([
    ['4096 each', [4096, 4096, 4096], '128 x 128'],
    ['a projection', [16384, 768, 768], '128 x 128'],
    ['fewer blocks than multiprocessors', [768, 2048, 1024], '128 x 64'],
    ['a small result', [512, 1024, 768], '64 x 64'],
    ['a smaller one', [512, 768, 768], '32 x 64'],
    ['a few rows', [16, 8192, 8192], '32 x 32'],
    ['tiny', [9, 16, 16], '32 x 32'],
  ] as const)('%s: %j in %s', (_, [m, n, k], tile) => {
    expect(chosen(sized(m, n, k))).toBe(tile);
  });

  test('matrices and vectors are left to kernels that read every number once', () => {
    expect(chosen(sized(8, 4096, 4096))).not.toMatch(/ x /);
    expect(chosen(sized(4096, 4, 4096))).not.toBe('128 x 128');
  });

  test('f32 operands, devices without such matrices and software take other kernels', () => {
    const group = sized(4096, 4096, 4096);
    const { subgroupMatrices: _, ...plain } = target;
    expect(chosen(groupOf(product2(shape(64, 64, 64))))).not.toMatch(/ x /);
    expect(chosen(group, plain)).not.toMatch(/ x /);
    expect(chosen(group, { ...target, subgroupMatrices: [{ component: 'f16', result: 'f16', M: 16, N: 16, K: 16 }] })).not.toMatch(/ x /); // prettier-ignore
    expect(chosen(group, { ...target, software: true })).toBe('register');
  });

  test('the largest matrices; two accumulators share the registers of one', () => {
    expect(matrixSchedule(sized(4096, 4096, 4096), target)?.matrix).toMatchObject({ M: 16, N: 16, K: 16 });
    const pair = { ...groupOf(inHalves(gatedUnit(8, 8, 8))), m: [{ name: 'm', size: 4096 }], n: [{ name: 'n', size: 4096 }] }; // prettier-ignore
    expect(chosen(pair)).toBe('128 x 64');
  });

  test('little workgroup memory: smaller tiles, or none', () => {
    const group = sized(4096, 4096, 4096);
    expect(chosen(group, { ...target, maxWorkgroupStorage: 16384 })).toBe('128 x 64');
    expect(matrixTiles(group, { ...target, maxWorkgroupStorage: 1024 })).toEqual([]);
  });
});

describe('text', () => {
  const codeOf = (m: number, n: number, k: number): readonly string[] =>
    compileGraph(matmulGraph({ m, n, k }, 'f16'), {}, { target }).kernels.map(({ code }) => code);

  test('what a kernel uses is enabled by name, diagnostics after that', () => {
    const [code = ''] = codeOf(1024, 2048, 512);
    expect(code.split('\n').slice(0, 6)).toEqual([
      'enable f16;',
      'enable subgroups;',
      'enable chromium_experimental_subgroup_matrix;',
      'diagnostic(off, chromium.subgroup_matrix_uniformity);',
      '@group(0) @binding(0) var<storage, read_write> t0: array<vec4u>;',
      '@group(0) @binding(1) var<storage, read_write> t1: array<vec4u>;',
    ]);
  });

  test('a plan tells what of the device it needs', () => {
    const { needs } = compileGraph(matmulGraph({ m: 1024, n: 1024, k: 512 }, 'f16'), {}, { target });
    expect(needs.features).toEqual(['chromium-experimental-subgroup-matrix', 'shader-f16', 'subgroups']);
  });

  test('halves that are no multiple of 8 are bound as halves', () => {
    const [code = ''] = codeOf(1023, 1023, 511);
    expect(code).toContain('var<storage, read_write> t0: array<f16>;');
    expect(code).toContain('subgroupMatrixMultiplyAccumulate');
  });

  test('equal groups of other tensors give equal text', () => {
    const made = intoHalves(inHalves(residualSum(64, 32, 2, 16, 32)));
    const shifted = { ...made.program, tensors: made.program.tensors.map((one) => ({ ...one, name: `${one.name}'` })) };
    const textOf = (program: typeof made.program): string => {
      const part = lowerContract(program, groupOf(made), target);
      return part.print((tensor) => `t${part.tensors.indexOf(tensor)}`, '').body;
    };
    expect(textOf(shifted)).toBe(textOf(made.program));
  });
});
