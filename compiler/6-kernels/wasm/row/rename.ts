// Takes: expressions over axes and results. Gives: the same over variables of other names.
// Promises: shared parts stay shared; what holds none of the variables stays the same object.
import { mapOperands } from '../../../3-graph/expr/walk.ts';
import type { Expr } from '../../../3-graph/expr.ts';
import type { Axis, Store } from '../../../5-optimize/groups.ts';

/** So that several rows, or several elements of one row, stand beside each other in one loop. */
export class Renaming {
  private readonly names: ReadonlySet<string>;
  private readonly suffix: string;
  private readonly done = new Map<Expr, Expr>();

  /** Number 0 keeps the names. */
  constructor(names: Iterable<string>, number: number) {
    this.names = new Set(number === 0 ? [] : names);
    this.suffix = `.${number}`;
  }

  name(name: string): string {
    return this.names.has(name) ? name + this.suffix : name;
  }

  axes(axes: readonly Axis[]): readonly Axis[] {
    return axes.map(({ name, size }) => ({ name: this.name(name), size }));
  }

  expr(expr: Expr): Expr {
    if (this.names.size === 0) return expr;
    const known = this.done.get(expr);
    if (known) return known;
    const made = expr.kind === 'var' ? this.variable(expr) : mapOperands(expr, (operand) => this.expr(operand));
    this.done.set(expr, made);
    return made;
  }

  stores(stores: readonly Store[]): readonly Store[] {
    return stores.map(({ tensor, index, value }) => ({
      tensor,
      index: index.map((at) => this.expr(at)),
      value: this.expr(value),
    }));
  }

  private variable(expr: Extract<Expr, { kind: 'var' }>): Expr {
    return this.names.has(expr.name) ? { ...expr, name: this.name(expr.name) } : expr;
  }
}
