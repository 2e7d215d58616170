// Takes: a scalar expression and the name of one of its variables. Gives: the derivative, as an expression.
// Promises: total over the functions; what does not depend on the variable is the constant 0; integers and booleans have
// derivative 0; at the ties of min and max the second operand is the one that counts, so max(x, 0) has slope 0 at 0.
import { add, cast, constant, cos, div, exp, isConstant, isFloat, le, log, lt, mod, mul, neg, pow, rsqrt, select, sigmoid, sign, sin, sub, tanh } from '../expr-build.ts'; // prettier-ignore
import type { BinaryFn, Expr, UnaryFn } from '../expr.ts';

/** d f(x) / dx, as an expression of x. */
const unarySlopes: { readonly [K in UnaryFn]: (x: Expr) => Expr } = {
  neg: (x) => constant(-1, x.type),
  exp,
  log: (x) => div(1, x),
  sqrt: (x) => mul(0.5, rsqrt(x)),
  // d x^(-1/2) = -1/2 x^(-3/2)
  rsqrt: (x) => mul(-0.5, mul(rsqrt(x), mul(rsqrt(x), rsqrt(x)))),
  tanh: (x) => sub(1, mul(tanh(x), tanh(x))),
  sigmoid: (x) => mul(sigmoid(x), sub(1, sigmoid(x))),
  erf: (x) => mul(2 / Math.sqrt(Math.PI), exp(neg(mul(x, x)))),
  sin: cos,
  cos: (x) => neg(sin(x)),
  abs: sign,
  sign: (x) => constant(0, x.type),
  floor: (x) => constant(0, x.type),
  not: (x) => constant(0, x.type),
};

type BinaryRule = (x: Expr, y: Expr, dx: Expr, dy: Expr) => Expr;
const flat: BinaryRule = (x) => constant(0, x.type);

/** d f(x, y), from x, y and their own derivatives. */
const binaryRules: { readonly [K in BinaryFn]: BinaryRule } = {
  add: (_x, _y, dx, dy) => add(dx, dy),
  sub: (_x, _y, dx, dy) => sub(dx, dy),
  mul: (x, y, dx, dy) => add(mul(dx, y), mul(x, dy)),
  div: (x, y, dx, dy) => (isConstant(dy, 0) ? div(dx, y) : div(sub(dx, mul(div(x, y), dy)), y)),
  // x mod y = x - trunc(x / y) y
  mod: (x, y, dx, dy) => sub(dx, mul(div(sub(x, mod(x, y)), y), dy)),
  min: (x, y, dx, dy) => select(lt(x, y), dx, dy),
  max: (x, y, dx, dy) => select(le(x, y), dy, dx),
  pow: (x, y, dx, dy) => {
    const base = mul(mul(y, pow(x, sub(y, 1))), dx);
    return isConstant(dy, 0) ? base : add(base, mul(mul(pow(x, y), log(x)), dy));
  },
  lt: flat,
  le: flat,
  eq: flat,
  and: flat,
  or: flat,
};

/** d e / d name. */
export function differentiateExpr(e: Expr, name: string): Expr {
  if (!isFloat(e.type)) return constant(0, e.type);
  switch (e.kind) {
    case 'var':
      return constant(e.name === name ? 1 : 0, e.type);
    case 'unary':
      return mul(differentiateExpr(e.x, name), unarySlopes[e.fn](e.x));
    case 'binary':
      return binaryRules[e.fn](e.x, e.y, differentiateExpr(e.x, name), differentiateExpr(e.y, name));
    case 'select':
      return select(e.condition, differentiateExpr(e.yes, name), differentiateExpr(e.no, name));
    case 'cast':
      return isFloat(e.x.type) ? cast(differentiateExpr(e.x, name), e.type) : constant(0, e.type);
    case 'const':
    case 'load':
    case 'random':
      break;
  }
  return constant(0, e.type);
}
