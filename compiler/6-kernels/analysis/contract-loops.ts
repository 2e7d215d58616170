// Takes: a contract group. Gives: its loops over k, and expressions seen from one row, column or step of a tile.
// Promises: accumulators whose terms walk the same k share one loop, so what they load in common is loaded once.
import type { Expr } from '../../3-graph/expr.ts';
import { substitute } from '../../3-graph/expr/walk.ts';
import type { Axis, ContractGroup, Store } from '../../5-optimize/groups.ts';

/** accumulator += a * b. */
export interface Product {
  readonly accumulator: number;
  readonly a: Expr;
  readonly b: Expr;
}

export interface Loop {
  readonly k: readonly Axis[];
  readonly products: readonly Product[];
}

export function loopsOf(group: ContractGroup): readonly Loop[] {
  const loops = new Map<string, { k: readonly Axis[]; products: Product[] }>();
  for (const [accumulator, { terms }] of group.accumulators.entries()) {
    for (const { k, a, b } of terms) {
      const key = k.map((axis) => `${axis.name} ${axis.size}`).join();
      const loop = loops.get(key) ?? { k, products: [] };
      loop.products.push({ accumulator, a, b });
      loops.set(key, loop);
    }
  }
  return [...loops.values()];
}

/** The other way round: what was a row is a column. */
export function transposed(group: ContractGroup): ContractGroup {
  const accumulators = group.accumulators.map(({ result, terms }) => ({
    result,
    terms: terms.map(({ k, a, b }) => ({ k, a: b, b: a })),
  }));
  return { ...group, m: group.n, n: group.m, accumulators };
}

/** Axes under the names they have at one place of a tile. */
export function axesAt(axes: readonly Axis[], place: string): readonly Axis[] {
  return axes.map(({ name, size }) => ({ name: `${name}#${place}`, size }));
}

/** An expression over `axes`, seen from that place. */
export function exprAt(expr: Expr, axes: readonly Axis[], place: string): Expr {
  const values = axes.map(({ name }): [string, Expr] => [name, { kind: 'var', name: `${name}#${place}`, type: 'i32' }]);
  return substitute(expr, new Map(values));
}

/** The stores of the group, seen from a row and a column. */
export function storesAt(group: ContractGroup, row: string, column: string): readonly Store[] {
  const at = (expr: Expr): Expr => exprAt(exprAt(expr, group.m, row), group.n, column);
  return group.stores.map(({ tensor, index, value }) => ({ tensor, index: index.map(at), value: at(value) }));
}

export const count = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
