// Takes: an expression and values for some of its variables. Gives: the expression with them put in and constants folded.
// Promises: equal values; total over the kinds of expression.
import * as build from '../../3-graph/expr-build.ts';
import type { BinaryFn, Expr, UnaryFn } from '../../3-graph/expr.ts';
import { mapOperands } from '../../3-graph/expr/walk.ts';

const unaries: { readonly [F in UnaryFn]: (x: Expr) => Expr } = {
  neg: build.neg,
  exp: build.exp,
  log: build.log,
  sqrt: build.sqrt,
  rsqrt: build.rsqrt,
  tanh: build.tanh,
  sigmoid: build.sigmoid,
  erf: build.erf,
  sin: build.sin,
  cos: build.cos,
  abs: build.abs,
  sign: build.sign,
  floor: build.floor,
  not: build.not,
};

const binaries: { readonly [F in BinaryFn]: (x: Expr, y: Expr) => Expr } = {
  add: build.add,
  sub: build.sub,
  mul: build.mul,
  div: build.div,
  mod: build.mod,
  min: build.min,
  max: build.max,
  pow: build.pow,
  lt: build.lt,
  le: build.le,
  eq: build.eq,
  and: build.and,
  or: build.or,
};

export function refold(expr: Expr, values: ReadonlyMap<string, Expr>): Expr {
  if (expr.kind === 'var') return values.get(expr.name) ?? expr;
  const made = mapOperands(expr, (operand) => refold(operand, values));
  if (made === expr) return expr;
  if (made.kind === 'unary') return unaries[made.fn](made.x);
  if (made.kind === 'binary') return binaries[made.fn](made.x, made.y);
  if (made.kind === 'select') return build.select(made.condition, made.yes, made.no);
  return made.kind === 'cast' ? build.cast(made.x, made.type) : made;
}
