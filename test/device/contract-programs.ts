// Takes: sizes and layouts. Gives: programs of one contract group, with values for their inputs.
// Promises: deterministic.
import * as e from '../../compiler/3-graph/expr-build.ts';
import type { Expr } from '../../compiler/3-graph/expr.ts';
import { mapOperands } from '../../compiler/3-graph/expr/walk.ts';
import type { Axis, ContractGroup, Program } from '../../compiler/5-optimize/groups.ts';
import { loadedTensors } from '../../compiler/6-kernels/analysis/touched.ts';
import { at, axis, element, numbers, program } from './programs.ts';

export interface Case {
  readonly program: Program;
  readonly values: ReadonlyMap<string, ArrayLike<number>>;
}

const product = (axes: readonly Axis[]): number => axes.reduce((size, one) => size * one.size, 1);
export const sum = (name: string): Expr => e.variable(name, 'f32');
const store = (tensor: number, axes: readonly Axis[], value: Expr) => ({ tensor, index: axes.map((one) => at(one.name)), value }); // prettier-ignore

function withNumbers(made: Program): Case {
  const named = made.tensors.filter(({ role }) => role !== 'output');
  const values = named.map((tensor, i): [string, Float32Array] => [tensor.name, numbers(product(tensor.dims), i + 1)]);
  return { program: made, values: new Map(values) };
}

type Order = (m: readonly Axis[], k: readonly Axis[], batch: readonly Axis[]) => readonly Axis[];
export const layouts = {
  mk: (m, k, batch) => [...batch, ...m, ...k],
  km: (m, k, batch) => [...batch, ...k, ...m],
  'mk, batch inside': (m, k, batch) => [...m, ...batch, ...k],
} satisfies Record<string, Order>;
export type Layout = keyof typeof layouts;

export interface Shape {
  readonly batch?: readonly Axis[];
  readonly m: readonly Axis[];
  readonly n: readonly Axis[];
  readonly k: readonly Axis[];
}

export const shape = (m: number, n: number, k: number): Shape => ({ m: [axis('m', m)], n: [axis('n', n)], k: [axis('k', k)] }); // prettier-ignore

/** c = a b, each operand in its layout. */
export function product2({ batch = [], m, n, k }: Shape, a: Layout = 'mk', b: Layout = 'mk'): Case {
  const [dimsA, dimsB, dimsC] = [layouts[a](m, k, batch), layouts[b](n, k, batch), [...batch, ...m, ...n]];
  const group: ContractGroup = {
    kind: 'contract', name: 'matmul', batch, m, n,
    accumulators: [{ result: 's', terms: [{ k, a: element(0, dimsA), b: element(1, dimsB) }] }],
    stores: [store(2, dimsC, sum('s'))],
  }; // prettier-ignore
  return withNumbers(program([['a', 'input', dimsA], ['b', 'input', dimsB], ['c', 'output', dimsC]], group)); // prettier-ignore
}

/** silu(gate) * up, of a normalised input: two accumulators, a prologue of row and column factors. */
export function gatedUnit(rows: number, width: number, depth: number): Case {
  const [m, n, k] = [axis('m', rows), axis('n', width), axis('k', depth)];
  const a = e.mul(e.mul(element(0, [m, k]), element(1, [m])), element(2, [k]));
  const [gate, up] = [sum('gate'), sum('up')];
  const group: ContractGroup = {
    kind: 'contract', name: 'glu', batch: [], m: [m], n: [n],
    accumulators: [
      { result: 'gate', terms: [{ k: [k], a, b: element(3, [n, k]) }] },
      { result: 'up', terms: [{ k: [k], a, b: element(4, [n, k]) }] },
    ],
    stores: [store(5, [m, n], e.mul(e.mul(gate, e.sigmoid(gate)), up)), store(6, [m, n], gate)],
  }; // prettier-ignore
  return withNumbers(
    program([['x', 'input', [m, k]], ['rstd', 'input', [m]], ['gain', 'input', [k]], ['wg', 'input', [n, k]], ['wu', 'input', [n, k]], ['y', 'output', [m, n]], ['gate', 'output', [m, n]]], group), // prettier-ignore
  );
}

/** x += a1 b1 + a2 b2 + bias, in place, with heads split in k, and the result's transpose beside it. */
export function residualSum(rows: number, width: number, heads: number, depth: number, other: number): Case {
  const [m, n, h, d, k] = [axis('m', rows), axis('n', width), axis('h', heads), axis('d', depth), axis('k', other)];
  const value = e.add(element(0, [m, n]), e.add(sum('s'), element(5, [n])));
  const group: ContractGroup = {
    kind: 'contract', name: 'residual', batch: [], m: [m], n: [n],
    accumulators: [
      {
        result: 's',
        terms: [
          { k: [h, d], a: element(1, [h, m, d]), b: element(2, [n, h, d]) },
          { k: [k], a: element(3, [m, k]), b: e.mul(e.tanh(element(4, [k, n])), 0.5) },
        ],
      },
    ],
    stores: [store(0, [m, n], value), store(6, [n, m], value)],
  }; // prettier-ignore
  return withNumbers(
    program([['x', 'state', [m, n]], ['a1', 'input', [h, m, d]], ['b1', 'input', [n, h, d]], ['a2', 'input', [m, k]], ['b2', 'input', [k, n]], ['bias', 'input', [n]], ['t', 'output', [n, m]]], group), // prettier-ignore
  );
}

const contracts = (made: Program): readonly ContractGroup[] =>
  made.groups.map((group) => {
    if (group.kind !== 'contract') throw new Error('a product');
    return group;
  });

/** The same with operands in halves: what they load is f16, and so is what they compute; the results stay as they are. */
export function inHalves({ program: made, values }: Case): Case {
  const groups = contracts(made);
  const operands = groups.flatMap((one) =>
    one.accumulators.flatMap(({ terms }) => terms.flatMap(({ a, b }) => [a, b])),
  );
  const halves = loadedTensors(operands);
  const wide = (expr: Expr): Expr =>
    expr.kind === 'load' && halves.has(expr.tensor) ? e.cast({ ...expr, type: 'f16' }, 'f32') : mapOperands(expr, wide);
  const turned = groups.map((group): ContractGroup => ({
    ...group,
    accumulators: group.accumulators.map(({ result, terms }) => ({
      result,
      terms: terms.map(({ k, a, b }) => ({ k, a: e.cast(narrow(a), 'f32'), b: e.cast(narrow(b), 'f32') })),
    })),
    stores: group.stores.map(({ tensor, index, value }) => ({ tensor, index, value: wide(value) })),
  }));
  const tensors = made.tensors.map((tensor) => (halves.has(tensor.id) ? { ...tensor, type: 'f16' as const } : tensor));
  return { program: { ...made, tensors, groups: turned }, values };
}

/** In f16 what was in f32. */
function narrow(expr: Expr): Expr {
  const inner = expr.kind === 'load' ? expr : mapOperands(expr, narrow);
  return inner.type === 'f32' && inner.kind !== 'random' ? { ...inner, type: 'f16' } : inner;
}

/** The same with the results rounded to halves. */
export function intoHalves({ program: made, values }: Case): Case {
  const outputs = new Set(made.tensors.filter(({ role }) => role === 'output').map(({ id }) => id));
  const groups = contracts(made).map((group) => {
    const stores = group.stores.map((one) =>
      outputs.has(one.tensor) ? { ...one, value: e.cast(one.value, 'f16') } : one,
    );
    return { ...group, stores };
  });
  const tensors = made.tensors.map((tensor) => (outputs.has(tensor.id) ? { ...tensor, type: 'f16' as const } : tensor));
  return { program: { ...made, tensors, groups }, values };
}
