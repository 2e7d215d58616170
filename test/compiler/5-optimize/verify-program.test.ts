import { expect, test } from 'vitest';
import { forwardGraph } from '../../../compiler/3-graph/model/entry-graphs.ts';
import { fuse } from '../../../compiler/5-optimize/fuse.ts';
import type { Group, Program } from '../../../compiler/5-optimize/groups.ts';
import { printProgram } from '../../../compiler/5-optimize/print-program.ts';
import { verifyProgram } from '../../../compiler/5-optimize/verify-program.ts';
import { makeModel } from '../3-graph/model/model-builder.ts';

const program = fuse(forwardGraph(makeModel()), { batch: 1, seq: 2 }, { fusion: true, maxTensors: 10 });

const changed = (i: number, change: (group: Group) => Group): Program => ({
  ...program,
  groups: program.groups.map((group, at) => (at === i ? change(group) : group)),
});

test('a fused program passes', () => {
  verifyProgram(program, 10);
});

test.each<[string, Program, string]>([
  ['groups out of order', { ...program, groups: program.groups.toReversed() }, 'before it is written'],
  ['a group too many', { ...program, groups: program.groups.slice(0, -1) }, 'output logits is never written'],
  [
    'a store that is lost',
    changed(0, (group) => (group.kind === 'row' ? { ...group, elementStores: [] } : group)),
    'writes nothing',
  ],
  [
    'an axis that is not there',
    changed(0, (group) => (group.kind === 'row' ? { ...group, axes: [] } : group)),
    'is not in scope',
  ],
  [
    'two stores to one tensor',
    changed(0, (group) =>
      group.kind === 'row' ? { ...group, elementStores: [...group.elementStores, ...group.elementStores] } : group,
    ),
    'writes a tensor twice',
  ],
  [
    'a name twice',
    changed(0, (group) => (group.kind === 'row' ? { ...group, axes: [...group.axes, ...group.row] } : group)),
    'a name occurs twice',
  ],
])('%s is noticed', (_, broken, message) => {
  expect(() => verifyProgram(broken, 10)).toThrow(message);
});

test('more tensors than allowed are noticed', () => {
  expect(() => verifyProgram(program, 3)).toThrow(/binds \d+ tensors of 3/);
});

test('a program prints tensors by name and a block per group', () => {
  const text = printProgram(program);
  expect(text).toContain('parameter layers.0.attn.q.weight: f32 [q_dim=16, d_model=8]');
  expect(text).toMatch(
    /0 row:layers\.0\.rms\.mix\n {2}rows \[batch=1, seq=2\] of \[d_model=8\]\n {2}r0 = sum embed\.weight\[/,
  );
  expect(text).toContain('logits[batch, seq, vocab] = acc0');
});
