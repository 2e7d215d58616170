// What a step computes and moves at least.
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../../compiler/3-graph/builder.ts';
import * as e from '../../../compiler/3-graph/expr-build.ts';
import type { Group } from '../../../compiler/5-optimize/groups.ts';
import { defaultTargets } from '../../../compiler/7-plan/default-target.ts';
import { workOf } from '../../../compiler/7-plan/schedule/work.ts';
import { compileGraph } from '../../../compiler/compile-graph.ts';
import { backward, forward, type Mask } from '../../device/attention-programs.ts';
import { at, axis, element, program } from '../../device/programs.ts';

const [b, m, n, k] = [axis('b', 3), axis('m', 5), axis('n', 7), axis('k', 11)];

describe('a product', () => {
  const store = (tensor: number, ...results: string[]) => ({
    tensor,
    index: [b, m, n].map(({ name }) => at(name)),
    value: results.map((name) => e.variable(name, 'f32')).reduce(e.add),
  });
  const term = { k: [k], a: element(0, [b, m, k]), b: element(1, [b, k, n]) };
  const product = (accumulators: Extract<Group, { kind: 'contract' }>['accumulators']): Group => ({
    kind: 'contract', name: 'contract:y', batch: [b], m: [m], n: [n], accumulators,
    stores: [store(2, ...accumulators.map(({ result }) => result))],
  }); // prettier-ignore
  const operands = program([
    ['x', 'input', [b, m, k]],
    ['w', 'parameter', [b, k, n]],
    ['y', 'output', [b, m, n]],
  ]);

  test('is 2 b m n k, each operand read once', () => {
    const bytes = 4 * (3 * 5 * 11 + 3 * 11 * 7 + 3 * 5 * 7);
    expect(workOf(operands, product([{ result: 'p', terms: [term] }]))).toEqual({ flops: 2 * 3 * 5 * 7 * 11, bytes });
    const twice = product([{ result: 'p', terms: [term, term] }, { result: 'q', terms: [term] }]); // prettier-ignore
    expect(workOf(operands, twice)).toEqual({ flops: 3 * 2 * 3 * 5 * 7 * 11, bytes });
  });
});

test('a gather reads as many rows as it has, an update writes as many as it changes', () => {
  const [ids, rows, d] = [axis('i', 4), axis('row', 100), axis('d', 8)];
  const gathered = program(
    [['ids', 'input', [ids], 'i32'], ['table', 'parameter', [rows, d]], ['y', 'output', [ids, d]]],
    {
      kind: 'map', name: 'map:y', axes: [ids, d],
      stores: [{ tensor: 2, index: [at('i'), at('d')], value: e.mul(e.load(1, [element(0, [ids], 'i32'), at('d')], 'f32'), 2) }],
    },
  ); // prettier-ignore
  const [group] = gathered.groups;
  expect(group && workOf(gathered, group)).toEqual({ flops: 32, bytes: 4 * (4 + 32 + 32) });
});

describe('attention counts the pairs that are seen', () => {
  const pairs: readonly [Mask, number][] = [
    ['full', 21 * 21],
    ['causal', (21 * 22) / 2],
    ['causal window', 21 * 6 - 15],
    ['strictly before', (21 * 20) / 2],
  ];
  test.each(pairs)('%s', (mask, seen) => {
    const setting = { batch: 2, kvHeads: 2, group: 3, queries: 21, keys: 21, depth: 8, valueDepth: 4, mask } as const;
    const flops = [forward(setting), backward(setting)].flatMap(({ program: made }) =>
      made.groups.flatMap((group) =>
        group.kind === 'attention' || group.kind === 'attention_grad'
          ? [workOf(made, { ...group, offset: e.constant(0, 'i32') }).flops]
          : [],
      ),
    );
    const rows = 2 * 2 * 3 * 2;
    expect(new Set(flops)).toEqual(new Set([12, 20, 24].map((each) => rows * seen * each)));
  });
});

test.each(['gpu', 'cpu'] as const)('a plan says it of every step, for the %s', (kind) => {
  const builder = new GraphBuilder('two');
  const source = (name: string, dims: Record<string, number>) =>
    builder.add('source', { name, role: 'input', type: { type: 'f32', dims: Object.entries(dims).map(([axis, size]) => ({ name: axis, size })) } }, []); // prettier-ignore
  const product = (path: string, x: ReturnType<typeof source>, name: string) =>
    builder.at({ path }, () => builder.add('contract', { over: ['k'] }, [x, source(name, { k: 16, n: 8 })]));
  const x = source('x', { m: 4, k: 16 });
  builder.output('y', product('first', x, 'a'));
  builder.output('z', product('second', x, 'b'));
  const { steps } = compileGraph(builder.finish(), {}, { target: defaultTargets[kind] });
  const work = steps.map((step) => step.work);
  expect(work.map((each) => each?.name).join(' + ')).toBe('contract:first + contract:second');
  expect(work.reduce((sum, each) => sum + (each?.flops ?? 0), 0)).toBe(2 * 2 * 4 * 8 * 16);
});
