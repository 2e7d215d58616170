// Attention over halves: the kernels that multiply matrices of a subgroup, emulated where the device has none.
import { expect, test } from 'vitest';
import { lowerAttention } from '../../compiler/6-kernels/wgsl/attention/lower-attention.ts';
import type { AttentionSchedule } from '../../compiler/6-kernels/wgsl/attention/lower-attention.ts';
import { lowerGroup } from '../../compiler/6-kernels/wgsl/lower-group.ts';
import type { WebGpuTarget } from '../../compiler/7-plan/plan.ts';
import { backward, forward, type Setting } from './attention-programs.ts';
import { expectMatch, type RunOptions, useDevice } from './harness.ts';
import { withoutMatrices } from './matrix-emulation.ts';

const device = useDevice();
/** Weights are rounded to halves. */
const tolerance = { relative: 2e-3, absolute: 1e-3 };

/** A lane per row: no lane needs another's, so subgroups may have any size. */
const tile: AttentionSchedule = {
  kind: 'matrix',
  rows: 32,
  columns: 16,
  down: 1,
  across: 1,
  ahead: true,
  turns: false,
};

/** As products are emulated; sums are also made zero and loaded again, as f32. One subgroup of 32. */
function emulated(code: string): string {
  const result = 'subgroup_matrix_result<f32, 16, 16>';
  const memory = /var<workgroup> (\w+): array<vec4u/.exec(code)?.[1] ?? '';
  const plain = code
    .replaceAll(/var (\w+) = subgroup_matrix_result<f32, 16, 16>\(\);/g, `var $1: ${result}; clear($1);`)
    .replaceAll(
      /(\w+) = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>, row_major>\(&\w+, /g,
      '$1 = load_sums($1, ',
    );
  if (plain === code) return code;
  return `${withoutMatrices(plain, 32)}
fn clear(m: u32) {
  for (var r = own; r < 16u + zero; r += 32u) { for (var c = 0u; c < 16u; c++) { held[m + r * 16u + c] = 0.0f; } }
}
fn load_sums(m: u32, offset: u32, stride: u32) -> u32 {
  for (var r = own; r < 16u + zero; r += 32u) {
    for (var c = 0u; c < 16u; c++) { held[m + r * 16u + c] = bitcast<f32>(${memory}[offset + r * stride + c / 4u][c % 4u]); }
  }
  return m;
}`;
}

type Kind = 'attention' | 'attention_grad';

/** Groups of one kind by matrices, the others as the device has them: every kernel takes the driver long to compile. */
const byMatrices =
  (kind: Kind): NonNullable<RunOptions['lower']> =>
  (program, group, target) =>
    group.kind === kind ? lowerAttention(program, group, target, tile) : lowerGroup(program, group, target);

test('backward', { timeout: 240_000 }, async () => {
  const { program, values } = backward({ batch: 1, kvHeads: 1, queries: 19, keys: 37, depth: 16, valueDepth: 12, offset: 18, halves: true }); // prettier-ignore
  await expectMatch(device(), program, values, tolerance, { lower: byMatrices('attention_grad'), rewrite: emulated });
});

test('forward: what was summed shrinks when a later score is much greater', { timeout: 120_000 }, async () => {
  const { program, values } = forward({ batch: 1, kvHeads: 1, queries: 16, keys: 48, depth: 16, mask: 'full', halves: true }); // prettier-ignore
  const ramp = Float32Array.from(values.get('k') ?? [], (_, i) => 1 + 3 * Math.floor(i / 16 / 16));
  const steep = new Map([...values, ['k', ramp], ['q', Float32Array.from({ length: 256 }, (_, i) => 1 + (i % 7) / 8)]]);
  await expectMatch(device(), program, steep, tolerance, { lower: byMatrices('attention'), rewrite: emulated });
});

const matrices = { subgroupSize: 32, subgroupMatrices: [{ component: 'f16', result: 'f32', M: 16, N: 16, K: 16 }] };

test.each([
  ['a device with matrices', matrices, {}, true],
  ['none', {}, {}, false],
  ['matrices of another size', { ...matrices, subgroupMatrices: [{ component: 'f16', result: 'f32', M: 8, N: 8, K: 8 }] }, {}, false], // prettier-ignore
  ['operands in f32', matrices, { halves: false }, false],
  ['few rows', matrices, { queries: 1, keys: 100, offset: 99 }, false],
] satisfies [string, Partial<WebGpuTarget>, Partial<Setting>, boolean][])('chosen: %s', (_, able, more, expected) => {
  const { program } = forward({ queries: 64, keys: 64, depth: 64, halves: true, ...more });
  const [group] = program.groups;
  if (group?.kind !== 'attention') throw new Error('an attention');
  const target = { ...device().target, software: false, maxWorkgroupStorage: 49152, ...able };
  const { subgroupMatrices: _own, ...without } = target;
  const part = lowerAttention(program, group, 'subgroupMatrices' in able ? target : without);
  const { body } = part.print((tensor) => `t${tensor}`, 'p0_');
  expect(body.includes('subgroupMatrixLoad')).toBe(expected);
});
