// Takes: a contract group. Gives: its loops over k, each operand once.
// Promises: operands that are the same expression are one, so they are packed once.
import type { Expr } from '../../../3-graph/expr.ts';
import type { Axis, ContractGroup, Program } from '../../../5-optimize/groups.ts';
import type { WasmTarget } from '../../../7-plan/plan.ts';
import { loopsOf } from '../../analysis/contract-loops.ts';
import { ExprTable } from '../../analysis/expr-table.ts';
import { pointCount } from '../../analysis/touched.ts';
import { OperandAnalysis } from './operand.ts';
import type { Operand } from './operand.ts';

export interface ProductLoop {
  readonly k: readonly Axis[];
  readonly depth: number;
  readonly a: readonly Operand[];
  readonly b: readonly Operand[];
  readonly products: readonly IndexedProduct[];
}

/** accumulator += a * b, operands by number; `first`: it is the first of its accumulator. */
export interface IndexedProduct {
  readonly accumulator: number;
  readonly a: number;
  readonly b: number;
  readonly first: boolean;
}

export function productLoops(program: Program, group: ContractGroup, target: WasmTarget): readonly ProductLoop[] {
  const analysis = new OperandAnalysis(program, target, group.batch);
  const table = new ExprTable();
  const begun = new Set<number>();
  return loopsOf(group).map(({ k, products }) => {
    const [a, b] = [new Map<number, Expr>(), new Map<number, Expr>()];
    const numbered = products.map((product) => {
      const first = !begun.has(product.accumulator);
      begun.add(product.accumulator);
      return { accumulator: product.accumulator, a: numberOf(product.a, a, table), b: numberOf(product.b, b, table), first }; // prettier-ignore
    });
    return {
      k,
      depth: pointCount(k),
      a: [...a.values()].map((expr) => analysis.operand(expr, k, group.m, 'k')),
      b: [...b.values()].map((expr) => analysis.operand(expr, k, group.n, 'side')),
      products: numbered,
    };
  });
}

function numberOf(expr: Expr, known: Map<number, Expr>, table: ExprTable): number {
  const id = table.id(expr);
  if (!known.has(id)) known.set(id, expr);
  return [...known.keys()].indexOf(id);
}
