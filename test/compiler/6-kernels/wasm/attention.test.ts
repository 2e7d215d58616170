import { expect, test } from 'vitest';
import { cast } from '../../../../compiler/3-graph/expr-build.ts';
import { mapOperands } from '../../../../compiler/3-graph/expr/walk.ts';
import type { Expr } from '../../../../compiler/3-graph/expr.ts';
import { changeGroup } from '../../../../compiler/5-optimize/group-parts.ts';
import type { Program, Store } from '../../../../compiler/5-optimize/groups.ts';
import { lowerAttention } from '../../../../compiler/6-kernels/wasm/attention/lower-attention.ts';
import { lowerGroupToWasm } from '../../../../compiler/6-kernels/wasm/lower-group.ts';
import { backward, forward, masks, scores } from '../../../device/attention-programs.ts';
import type { Mask, Score, Setting } from '../../../device/attention-programs.ts';
import { expectOracle } from './expect-oracle.ts';
import { runOnWasm } from './run-program.ts';
import type { WasmRunOptions } from './run-program.ts';

const tolerance = { relative: 2e-5, absolute: 2e-6 };

/** Small blocks: several of them in every direction. */
const inBlocks: NonNullable<WasmRunOptions['lower']> = (program, group, target) =>
  group.kind === 'attention' || group.kind === 'attention_grad'
    ? lowerAttention(program, group, target, { kind: 'packed', rows: 8, strip: 4, columns: 16 })
    : lowerGroupToWasm(program, group, target);

/** Forward and backward, as the sizes ask for and in small blocks. */
function match(setting: Setting): void {
  for (const made of [forward(setting), backward(setting)])
    for (const options of [{}, { lower: inBlocks }]) expectOracle(made.program, made.values, tolerance, options);
}

const small = { queries: 21, keys: 21, depth: 8 } satisfies Setting;

test.each(Object.keys(masks) as Mask[])('mask: %s', (mask) => {
  match({ ...small, mask });
  match({ ...small, queries: 40, keys: 40, mask });
});

test.each(Object.keys(scores) as Score[])('score: %s, groups of query heads', (score) => {
  match({ ...small, group: 3, score });
});

test.each([
  [1, 1],
  [4, 4],
  [7, 3],
  [12, 20],
  [24, 8],
  [64, 64],
  [80, 16],
  [256, 40],
])('depth %i, of values %i', (depth, valueDepth) => {
  match({ batch: 1, queries: 11, keys: 11, depth, valueDepth });
});

test.each(['causal', 'causal window', 'full'] satisfies Mask[])('dropout, %s', (mask) => {
  match({ ...small, group: 2, mask, dropout: 0.3 });
});

test.each([
  [1, 40, 17],
  [1, 8, 0],
  [3, 64, 30],
  [16, 50, 16],
  [17, 40, 20],
])('%i queries over a cache of %i from position %i', (queries, keys, offset) => {
  match({ queries, keys, offset, depth: 16, group: 4 });
  match({ queries, keys, offset, depth: 16, group: 2, mask: 'causal window' });
});

test.each([1, 3, 16, 17, 65, 130])('%i queries and keys', (size) => {
  match({ batch: 1, queries: size, keys: size, depth: 12 });
  match({ batch: 1, queries: size, keys: size, depth: 4, mask: 'full', group: 2 });
});

test.each([
  [2, 8],
  [8, 2],
  [33, 64],
])('%i queries and %i keys', (queries, keys) => {
  match({ queries, keys, depth: 16 });
});

/** The same program with the tensors' dims in another order: `order` of the dims of every tensor named. */
function laidOut(program: Program, orders: Readonly<Record<string, readonly number[]>>): Program {
  const orderOf = new Map(program.tensors.map(({ id, name }) => [id, orders[name]]));
  const turn = <T>(tensor: number, list: readonly T[]): readonly T[] => {
    const order = orderOf.get(tensor);
    return order ? order.flatMap((i) => list.slice(i, i + 1)) : list;
  };
  const expr = (one: Expr): Expr => {
    const made = mapOperands(one, expr);
    return made.kind === 'load' ? { ...made, index: turn(made.tensor, made.index) } : made;
  };
  const stores = (list: readonly Store[]): readonly Store[] =>
    list.map(({ tensor, index, value }) => ({ tensor, index: turn(tensor, index.map(expr)), value: expr(value) }));
  return {
    ...program,
    tensors: program.tensors.map((tensor) => ({ ...tensor, dims: turn(tensor.id, tensor.dims) })),
    groups: program.groups.map((group) => changeGroup(group, { expr, stores })),
  };
}

test.each([
  { queries: 21, keys: 21, depth: 8, group: 2 },
  { queries: 32, keys: 32, depth: 16, valueDepth: 20 },
  { queries: 1, keys: 30, depth: 6, group: 3, offset: 20 },
] satisfies Setting[])('positions last in memory: %o', (setting) => {
  for (const { program, values } of [forward(setting), backward(setting)]) {
    const last = laidOut(program, { k: [0, 2, 3, 1], v: [0, 2, 3, 1], q: [0, 2, 3, 4, 1], dq: [0, 2, 3, 4, 1], dk: [0, 2, 3, 1], lse: [1, 0, 3, 2] }); // prettier-ignore
    for (const options of [{}, { lower: inBlocks }]) expectOracle(last, values, tolerance, options);
  }
});

test.each([1, 2, 9, 24])('keys and values of half precision, %i queries', (queries) => {
  const { program, values } = forward({ queries, keys: 24, depth: 12, group: 2, offset: 24 - queries });
  const half = new Set(['k', 'v']);
  const ids = new Set(program.tensors.filter(({ name }) => half.has(name)).map(({ id }) => id));
  const expr = (one: Expr): Expr => (one.kind === 'load' && ids.has(one.tensor) ? cast({ ...one, type: 'f16' }, 'f32') : one); // prettier-ignore
  const tensors = program.tensors.map((tensor) => (ids.has(tensor.id) ? { ...tensor, type: 'f16' as const } : tensor));
  const groups = program.groups.map((group) => changeGroup(group, { expr, stores: (stores) => stores }));
  expectOracle({ ...program, tensors, groups }, values, tolerance);
});

test('a row whose score is no number gives none; other rows do not see it', () => {
  const { program, values } = forward({ batch: 1, kvHeads: 1, queries: 20, keys: 20, depth: 4 });
  const q = Float32Array.from(values.get('q') ?? []);
  q[7 * 4] = Number.NaN;
  expectOracle(program, new Map([...values, ['q', q]]), tolerance);
});

test('great scores: weights far below the greatest vanish, and what was summed up before shrinks', () => {
  const { program, values } = forward({ batch: 1, kvHeads: 2, queries: 80, keys: 80, depth: 4, mask: 'full' });
  const q = Float32Array.from(values.get('q') ?? [], (x) => 300 * x);
  expectOracle(program, new Map([...values, ['q', q]]), { relative: 2e-4, absolute: 2e-5 });
});

test.each(['causal', 'causal window', 'full'] satisfies Mask[])(
  'the same bits in blocks of any number of rows: %s',
  (mask) => {
    for (const { program, values } of [
      forward({ ...small, queries: 70, keys: 70, mask }),
      backward({ ...small, queries: 70, keys: 70, mask }),
    ]) {
      const [first, ...others] = [8, 16, 64].map((rows) =>
        runOnWasm(program, values, {
          lower: (all, group, target) =>
            group.kind === 'attention' || group.kind === 'attention_grad'
              ? lowerAttention(all, group, target, { kind: 'packed', rows, strip: 8, columns: 32 })
              : lowerGroupToWasm(all, group, target),
        }),
      );
      for (const other of others) expect(other).toEqual(first);
    }
  },
);
