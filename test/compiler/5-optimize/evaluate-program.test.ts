import { expect, test } from 'vitest';
import { evaluateProgram } from '../../../compiler/5-optimize/evaluate-program.ts';
import type { Axis, Group, Program, ProgramTensor } from '../../../compiler/5-optimize/groups.ts';
import type { Expr } from '../../../compiler/3-graph/expr.ts';

const axis = (name: string, size: number): Axis => ({ name, size });
const at = (name: string): Expr => ({ kind: 'var', name, type: 'i32' });
const f32 = (name: string): Expr => ({ kind: 'var', name, type: 'f32' });
const num = (value: number): Expr => ({ kind: 'const', value, type: 'f32' });
const load = (tensor: number, ...index: string[]): Expr => ({
  kind: 'load',
  tensor,
  index: index.map(at),
  type: 'f32',
});
const binary = (fn: 'add' | 'sub' | 'mul' | 'div' | 'le', x: Expr, y: Expr): Expr => ({
  kind: 'binary',
  fn,
  x,
  y,
  type: fn === 'le' ? 'bool' : x.type,
});

function program(tensors: [name: string, role: ProgramTensor['role'], ...dims: Axis[]][], ...groups: Group[]): Program {
  const typed = tensors.map(([name, role, ...dims], id) => ({ id, name, role, type: 'f32' as const, dims }));
  return { name: 'test', tensors: typed, groups };
}

const i = axis('i', 2);
const j = axis('j', 3);

test('row: softmax by two reductions', () => {
  const shifted: Expr = { kind: 'unary', fn: 'exp', x: binary('sub', load(0, 'i', 'j'), f32('max')), type: 'f32' };
  const group: Group = {
    kind: 'row',
    name: 'softmax',
    axes: [i],
    row: [j],
    reductions: [
      { result: 'max', fn: 'max', value: load(0, 'i', 'j') },
      { result: 'sum', fn: 'sum', value: shifted },
    ],
    rowStores: [{ tensor: 2, index: [at('i')], value: f32('sum') }],
    elementStores: [{ tensor: 1, index: [at('i'), at('j')], value: binary('div', shifted, f32('sum')) }],
  };
  const run = program([['x', 'input', i, j], ['y', 'output', i, j], ['s', 'output', i]], group); // prettier-ignore
  const result = evaluateProgram(run, new Map([['x', [0, 0, Math.log(2), 5, 5, 5]]]));
  expect([...(result.get('y') ?? [])].map((v) => v.toFixed(6))).toEqual(
    [1 / 4, 1 / 4, 1 / 2, 1 / 3, 1 / 3, 1 / 3].map((v) => v.toFixed(6)),
  );
  expect([...(result.get('s') ?? [])]).toEqual([2, 3]);
});

test('contract: two accumulators and an epilogue', () => {
  const k = axis('k', 2);
  const a = load(0, 'i', 'k');
  const group: Group = {
    kind: 'contract',
    name: 'glu',
    batch: [],
    m: [i],
    n: [j],
    accumulators: [
      { result: 'gate', terms: [{ k: [k], a, b: load(1, 'j', 'k') }] },
      { result: 'up', terms: [{ k: [k], a, b: load(2, 'j', 'k') }] },
    ],
    stores: [{ tensor: 3, index: [at('i'), at('j')], value: binary('mul', f32('gate'), f32('up')) }],
  };
  const run = program([['x', 'input', i, k], ['g', 'parameter', j, k], ['u', 'parameter', j, k], ['y', 'output', i, j]], group); // prettier-ignore
  const result = evaluateProgram(
    run,
    new Map([
      ['x', [1, 2, 3, 4]],
      ['g', [1, 0, 0, 1, 1, 1]],
      ['u', [1, 1, 2, 0, 0, 2]],
    ]),
  );
  expect([...(result.get('y') ?? [])]).toEqual([3, 4, 12, 21, 24, 56]);
});

test('scatter: rows are summed per bin', () => {
  const item = axis('item', 3);
  const group: Group = {
    kind: 'scatter',
    name: 'embed grad',
    bins: i,
    axes: [j],
    items: [item],
    bin: { kind: 'cast', x: load(0, 'item'), type: 'i32' },
    value: load(1, 'item', 'j'),
    stores: [{ tensor: 2, index: [at('i'), at('j')], value: f32('sum') }],
  };
  const run = program([['bin', 'input', item], ['g', 'input', item, j], ['y', 'output', i, j]], group); // prettier-ignore
  const values = new Map([
    ['bin', [1, 0, 1]],
    ['g', [1, 2, 3, 10, 20, 30, 100, 200, 300]],
  ]);
  expect([...(evaluateProgram(run, values).get('y') ?? [])]).toEqual([10, 20, 30, 101, 202, 303]);
});

const attentionTensors: [string, ProgramTensor['role'], ...Axis[]][] = [
  ['q', 'input', axis('query', 2), axis('depth', 2)],
  ['k', 'input', axis('key', 2), axis('depth', 2)],
  ['v', 'input', axis('key', 2), axis('depth', 2)],
  ['out', 'output', axis('query', 2), axis('depth', 2)],
  ['lse', 'output', axis('query', 2)],
  ['dout', 'input', axis('query', 2), axis('depth', 2)],
];
const attentionParts = {
  batch: [],
  heads: [],
  query: axis('query', 2),
  key: axis('key', 2),
  depth: axis('depth', 2),
  valueDepth: axis('width', 2),
  q: load(0, 'query', 'depth'),
  k: load(1, 'key', 'depth'),
  v: load(2, 'key', 'width'),
  offset: { kind: 'const', value: 0, type: 'i32' } as const,
  score: binary('mul', f32('score'), num(0.5)),
  mask: binary('le', at('key_position'), at('query_position')),
  dropout: null,
};
const attentionValues = {
  q: [0.3, -0.7, 1.1, 0.4],
  k: [0.9, 0.2, -0.5, 0.8],
  v: [1, 2, 3, 4],
  dout: [1, -1, 0.5, 2],
};

function attend(values: Record<string, number[]>): { out: Float64Array; lse: Float64Array } {
  const group: Group = {
    kind: 'attention',
    name: 'attention',
    ...attentionParts,
    outStores: [{ tensor: 3, index: [at('query'), at('width')], value: f32('out') }],
    lseStores: [{ tensor: 4, index: [at('query')], value: f32('lse') }],
  };
  const result = evaluateProgram(program(attentionTensors, group), new Map(Object.entries(values)));
  return { out: result.get('out') ?? new Float64Array(), lse: result.get('lse') ?? new Float64Array() };
}

test('attention: causal, the first query sees only the first key', () => {
  const { out } = attend(attentionValues);
  expect(Array.from(out.slice(0, 2))).toEqual([1, 2]);
  const scores = [1.1 * 0.9 + 0.4 * 0.2, 1.1 * -0.5 + 0.4 * 0.8].map((s) => Math.exp(s * 0.5));
  const p = (scores[1] ?? 0) / ((scores[0] ?? 0) + (scores[1] ?? 0));
  expect(out[2]).toBeCloseTo(1 + 2 * p, 12);
});

const store = (tensor: number, row: string, column: string, value: string) => [
  { tensor, index: [at(row), at(column)], value: f32(value) },
];

test.each(['q', 'k', 'v'] as const)('attention_grad: d%s agrees with finite differences of attention', (name) => {
  const { out, lse } = attend(attentionValues);
  const { dout } = attentionValues;
  const delta = [0, 1].map((r) => [0, 1].reduce((s, d) => s + (out[r * 2 + d] ?? 0) * (dout[r * 2 + d] ?? 0), 0));
  const grad: Group = {
    kind: 'attention_grad',
    name: 'grad',
    pass: name === 'q' ? 'query' : 'key',
    ...attentionParts,
    dout: load(5, 'query', 'width'),
    lse: load(6, 'query'),
    delta: load(7, 'query'),
    dqStores: name === 'q' ? store(8, 'query', 'depth', 'dq') : [],
    dkStores: name === 'k' ? store(8, 'key', 'depth', 'dk') : [],
    dvStores: name === 'v' ? store(8, 'key', 'width', 'dv') : [],
  };
  const tensors: typeof attentionTensors = [
    ...attentionTensors,
    ['lse2', 'input', axis('query', 2)],
    ['delta', 'input', axis('query', 2)],
    ['grad', 'output', axis('query', 2), axis('depth', 2)],
  ];
  const values = { ...attentionValues, lse2: [...lse], delta };
  const result = evaluateProgram(program(tensors, grad), new Map(Object.entries(values))).get('grad');
  const loss = (shift: number, at: number): number => {
    const moved = attentionValues[name].map((x, i) => (i === at ? x + shift : x));
    return attend({ ...attentionValues, [name]: moved }).out.reduce((s, o, i) => s + o * (dout[i] ?? 0), 0);
  };
  for (const at of [0, 1, 2, 3]) {
    expect(result?.[at]).toBeCloseTo((loss(1e-5, at) - loss(-1e-5, at)) / 2e-5, 7);
  }
});

test('an index out of range is our bug', () => {
  const store = { tensor: 1, index: [at('j')], value: load(0, 'j') };
  const run = program([['x', 'input', i], ['y', 'output', j]], { kind: 'map', name: 'm', axes: [j], stores: [store] }); // prettier-ignore
  expect(() => evaluateProgram(run, new Map([['x', [1, 2]]]))).toThrow('index 2 out of range of x dim 0 (2)');
});
