// Takes: sizes, a mask, a score. Gives: programs of attention, forward and backward, with values for their inputs.
// Promises: deterministic; the backward program gets its lse and delta from the forward group before it.
import * as e from '../../compiler/3-graph/expr-build.ts';
import type { Expr } from '../../compiler/3-graph/expr.ts';
import type { AttentionParts, Axis, Group, Program, RowGroup } from '../../compiler/5-optimize/groups.ts';
import { at, axis, element, numbers, program } from './programs.ts';
import type { TensorSpec } from './programs.ts';

const query = e.variable('query_position', 'i32');
const key = e.variable('key_position', 'i32');
const causal = e.le(key, query);
const window = (size: number): Expr => e.lt(e.sub(query, key), size);

export const masks = {
  full: e.constant(1, 'bool'),
  causal,
  window: e.and(window(5), e.lt(e.sub(key, query), 5)),
  'causal window': e.and(causal, window(6)),
  chunk: e.eq(e.div(query, 8), e.div(key, 8)),
  'causal chunk': e.and(causal, e.eq(e.div(key, 8), e.div(query, 8))),
  'causal or a prefix': e.or(causal, e.lt(key, 3)),
  'strictly before': e.not(e.le(query, key)),
  'select: even queries see all': e.select(e.eq(e.mod(query, 2), 0), e.constant(1, 'bool'), causal),
} satisfies Record<string, Expr>;
export type Mask = keyof typeof masks;

const raw = e.variable('score', 'f32');
const distance = e.cast(e.sub(query, key), 'f32');

/** Elements that scores may add: of [kv_heads, group], and of [kv_heads, group, key]. */
interface Biases {
  readonly slope: Expr;
  readonly table: Expr;
}

export const scores = {
  scaled: () => e.mul(raw, 0.3),
  softcap: () => e.mul(e.tanh(e.div(e.mul(raw, 0.3), 2)), 2),
  alibi: () => e.sub(e.mul(raw, 0.3), e.mul(distance, 0.1)),
  'a slope per head': ({ slope }) => e.sub(e.mul(raw, 0.3), e.mul(distance, slope)),
  'a bias per head and key, capped': ({ table }) => e.mul(e.tanh(e.mul(e.add(raw, table), 0.15)), 2),
} satisfies Record<string, (biases: Biases) => Expr>;
export type Score = keyof typeof scores;

export interface Setting {
  readonly batch?: number;
  readonly kvHeads?: number;
  readonly group?: number;
  readonly queries: number;
  readonly keys: number;
  readonly depth: number;
  readonly valueDepth?: number;
  readonly offset?: number;
  readonly mask?: Mask;
  readonly score?: Score;
  readonly dropout?: number;
  /** Queries, keys, values and the gradient of the result in halves; so is the result. */
  readonly halves?: boolean;
}

export interface Case {
  readonly program: Program;
  readonly values: ReadonlyMap<string, ArrayLike<number>>;
}

const product = (axes: readonly Axis[]): number => axes.reduce((size, one) => size * one.size, 1);

interface Axes {
  readonly b: Axis;
  readonly h: Axis;
  readonly g: Axis;
  readonly s: Axis;
  readonly t: Axis;
  readonly d: Axis;
  readonly e: Axis;
}

function axesOf({ batch = 2, kvHeads = 2, group = 1, queries, keys, depth, valueDepth = depth }: Setting): Axes {
  return { b: axis('batch', batch), h: axis('kv_heads', kvHeads), g: axis('group', group), s: axis('seq', queries), t: axis('key', keys), d: axis('head_dim', depth), e: axis('value_dim', valueDepth) }; // prettier-ignore
}

/** q [b, s, h, g, d], k [b, t, h, d], v [b, t, h, e]: tensors 0, 1, 2; offset 3; seed 4; slope and table from 5 on. */
function partsOf(setting: Setting, x: Axes): AttentionParts {
  const { mask = 'causal', score = 'scaled', dropout = 0 } = setting;
  return {
    batch: [x.b, x.h], heads: [x.g], query: x.s, key: x.t, depth: x.d, valueDepth: x.e,
    q: operand(setting, 0, [x.b, x.s, x.h, x.g, x.d]), k: operand(setting, 1, [x.b, x.t, x.h, x.d]), v: operand(setting, 2, [x.b, x.t, x.h, x.e]),
    offset: e.load(3, [], 'i32'), score: scores[score]({ slope: element(5, [x.h, x.g]), table: element(6, [x.h, x.g, x.t]) }), mask: masks[mask],
    dropout: dropout === 0 ? null : { rate: dropout, stream: 7, seed: e.load(4, [], 'u32') },
  }; // prettier-ignore
}

const typeOf = ({ halves = false }: Setting): 'f16' | 'f32' => (halves ? 'f16' : 'f32');

/** An element of a factor of a product: halves stand as casts. */
const operand = (setting: Setting, tensor: number, axes: readonly Axis[]): Expr =>
  e.cast(element(tensor, axes, typeOf(setting)), 'f32');

const inputs = (x: Axes, setting: Setting): readonly TensorSpec[] => [
  ['q', 'input', [x.b, x.s, x.h, x.g, x.d], typeOf(setting)],
  ['k', 'input', [x.b, x.t, x.h, x.d], typeOf(setting)],
  ['v', 'input', [x.b, x.t, x.h, x.e], typeOf(setting)],
  ['offset', 'input', [], 'i32'],
  ['seed', 'input', [], 'u32'],
  ['slope', 'input', [x.h, x.g]],
  ['table', 'input', [x.h, x.g, x.t]],
];

function valuesFor(made: Program, { offset = 0 }: Setting): Case {
  const floats = made.tensors.filter(({ role, type }) => (role === 'input' && type === 'f32') || type === 'f16');
  const values = floats.map((tensor, i): [string, ArrayLike<number>] => [tensor.name, numbers(product(tensor.dims), i + 5)]); // prettier-ignore
  return { program: made, values: new Map([...values, ['offset', [offset]], ['seed', [12345]]]) };
}

const stored = (tensor: number, axes: readonly Axis[], name: string, type: 'f16' | 'f32' = 'f32') => ({
  tensor, index: axes.map((one) => at(one.name)), value: e.cast(e.variable(name, 'f32'), type),
}); // prettier-ignore

/** out [b, s, h, g, e], its double [b, h, g, s, e]; lse [b, h, g, s], which is kept out of the comparison. */
export function forward(setting: Setting): Case {
  const x = axesOf(setting);
  const [dims, turned] = [[x.b, x.s, x.h, x.g, x.e], [x.b, x.h, x.g, x.s, x.e]]; // prettier-ignore
  const double = { ...stored(8, turned, 'out'), value: e.mul(e.variable('out', 'f32'), 2) };
  const group: Group = {
    ...partsOf(setting, x), kind: 'attention', name: 'attention',
    outStores: [stored(7, dims, 'out', typeOf(setting)), double], lseStores: [stored(9, [x.b, x.h, x.g, x.s], 'lse')],
  }; // prettier-ignore
  const made = program([...inputs(x, setting), ['out', 'output', dims, typeOf(setting)], ['double', 'output', turned], ['lse', 'temporary', [x.b, x.h, x.g, x.s]]], group); // prettier-ignore
  return valuesFor(made, setting);
}

/** dq, dk, dv for dout; delta = sum of out dout, from the forward pass. */
export function backward(setting: Setting): Case {
  const x = axesOf(setting);
  const parts = partsOf(setting, x);
  const [dims, rows] = [[x.b, x.s, x.h, x.g, x.e], [x.b, x.h, x.g, x.s]]; // prettier-ignore
  const tensors: readonly TensorSpec[] = [
    ...inputs(x, setting), ['dout', 'input', dims, typeOf(setting)], ['out', 'temporary', dims, typeOf(setting)], ['lse', 'temporary', rows], ['delta', 'temporary', rows],
    ['dq', 'output', [x.b, x.s, x.h, x.g, x.d]], ['dk', 'output', [x.b, x.t, x.h, x.d]], ['dv', 'output', [x.b, x.t, x.h, x.e]],
  ]; // prettier-ignore
  const delta: RowGroup = {
    kind: 'row', name: 'delta', axes: rows, row: [x.e],
    reductions: [{ result: 'sum', fn: 'sum', value: e.mul(operand(setting, 7, dims), operand(setting, 8, dims)) }],
    rowStores: [stored(10, rows, 'sum')], elementStores: [],
  }; // prettier-ignore
  const grad = { ...parts, kind: 'attention_grad', dout: operand(setting, 7, dims), lse: element(9, rows), delta: element(10, rows) } as const; // prettier-ignore
  const groups: Group[] = [
    { ...parts, kind: 'attention', name: 'attention', outStores: [stored(8, dims, 'out', typeOf(setting))], lseStores: [stored(9, rows, 'lse')] },
    delta,
    { ...grad, name: 'dq', pass: 'query', dqStores: [stored(11, [x.b, x.s, x.h, x.g, x.d], 'dq')], dkStores: [], dvStores: [] },
    { ...grad, name: 'dkv', pass: 'key', dqStores: [], dkStores: [stored(12, [x.b, x.t, x.h, x.d], 'dk')], dvStores: [stored(13, [x.b, x.t, x.h, x.e], 'dv')] },
  ]; // prettier-ignore
  return valuesFor(program(tensors, ...groups), setting);
}
