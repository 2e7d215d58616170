// Takes: integer expressions over axis indices. Gives: their linear form, constant + sum of coefficient * atom.
// Promises: equal value for indices in range; div and mod by a constant dissolve where the sizes of the axes allow it.
import type { Expr } from '../../3-graph/expr.ts';
import type { ExprTable } from './expr-table.ts';

export interface Term {
  readonly atom: Expr;
  readonly coefficient: number;
}

export interface Linear {
  readonly constant: number;
  readonly terms: readonly Term[];
}

export interface LinearContext {
  readonly table: ExprTable;
  /** Number of values, from 0, an axis takes; undefined for other variables. */
  readonly size: (name: string) => number | undefined;
}

const constantForm = (constant: number): Linear => ({ constant, terms: [] });

/** a + factor * b. */
export function addScaled(a: Linear, b: Linear, factor: number, table: ExprTable): Linear {
  const terms = new Map(a.terms.map((term) => [table.id(term.atom), term]));
  for (const { atom, coefficient } of b.terms) {
    const id = table.id(atom);
    const sum = (terms.get(id)?.coefficient ?? 0) + factor * coefficient;
    if (sum === 0) terms.delete(id);
    else terms.set(id, { atom, coefficient: sum });
  }
  return { constant: a.constant + factor * b.constant, terms: [...terms.values()] };
}

/** Least and greatest value, or null when a term is not an axis. */
export function range(form: Linear, context: LinearContext): readonly [number, number] | null {
  let [least, greatest] = [form.constant, form.constant];
  for (const { atom, coefficient } of form.terms) {
    const size = atom.kind === 'var' ? context.size(atom.name) : undefined;
    if (size === undefined) return null;
    if (coefficient > 0) greatest += coefficient * (size - 1);
    else least += coefficient * (size - 1);
  }
  return [least, greatest];
}

/** form = divisor * quotient + remainder with 0 <= remainder < divisor for every point and form >= 0, or null. */
function divide(form: Linear, divisor: number, context: LinearContext): { quotient: Linear; remainder: Linear } | null {
  const whole = form.terms.filter((term) => term.coefficient % divisor === 0);
  const rest = form.terms.filter((term) => term.coefficient % divisor !== 0);
  const wholeConstant = Math.floor(form.constant / divisor) * divisor;
  const remainder: Linear = { constant: form.constant - wholeConstant, terms: rest };
  const all = range(form, context);
  const part = range(remainder, context);
  if (!all || !part || all[0] < 0 || part[0] < 0 || part[1] >= divisor) return null;
  const terms = whole.map(({ atom, coefficient }) => ({ atom, coefficient: coefficient / divisor }));
  return { quotient: { constant: wholeConstant / divisor, terms }, remainder };
}

/** The linear form of an i32 expression. What is not linear becomes an atom; axes of size 1 are 0. */
export function linear(expr: Expr, context: LinearContext): Linear {
  const atom: Linear = { constant: 0, terms: [{ atom: expr, coefficient: 1 }] };
  if (expr.kind === 'const') return constantForm(expr.value);
  if (expr.kind === 'var') return context.size(expr.name) === 1 ? constantForm(0) : atom;
  if (expr.kind === 'unary' && expr.fn === 'neg')
    return addScaled(constantForm(0), linear(expr.x, context), -1, context.table);
  if (expr.kind !== 'binary') return atom;
  const x = linear(expr.x, context);
  const y = linear(expr.y, context);
  if (expr.fn === 'add') return addScaled(x, y, 1, context.table);
  if (expr.fn === 'sub') return addScaled(x, y, -1, context.table);
  if (expr.fn === 'mul' && y.terms.length === 0) return addScaled(constantForm(0), x, y.constant, context.table);
  if (expr.fn === 'mul' && x.terms.length === 0) return addScaled(constantForm(0), y, x.constant, context.table);
  if ((expr.fn === 'div' || expr.fn === 'mod') && y.terms.length === 0 && y.constant > 0) {
    const parts = divide(x, y.constant, context);
    if (parts) return expr.fn === 'div' ? parts.quotient : parts.remainder;
  }
  return atom;
}
