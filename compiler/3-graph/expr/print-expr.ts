// Takes: a scalar expression. Gives: its text, for people: `a * sigmoid(a)`, `key <= query ? score : -3e+38`.
// Promises: precedence is kept by parentheses; types are not printed.
import type { BinaryFn, Expr } from '../expr.ts';

/** Symbol and precedence; what is not here is printed as a call. */
const operators: Partial<Record<BinaryFn, readonly [symbol: string, precedence: number]>> = {
  mul: ['*', 6],
  div: ['/', 6],
  mod: ['%', 6],
  add: ['+', 5],
  sub: ['-', 5],
  lt: ['<', 4],
  le: ['<=', 4],
  eq: ['==', 4],
  and: ['&&', 3],
  or: ['||', 2],
};

/** In parentheses where its operator binds less than `level`. */
export function printExpr(e: Expr, level = 0): string {
  const inner = (operand: Expr): string => printExpr(operand);
  switch (e.kind) {
    case 'const':
      return e.type === 'bool' ? String(e.value !== 0) : String(e.value);
    case 'var':
      return e.name;
    case 'load':
      return `t${e.tensor}[${e.index.map(inner).join(', ')}]`;
    case 'unary':
      if (e.fn === 'neg') return `-${printExpr(e.x, 7)}`;
      return `${e.fn}(${inner(e.x)})`;
    case 'binary':
      return printBinary(e, level);
    case 'select': {
      const text = `${printExpr(e.condition, 2)} ? ${printExpr(e.yes, 2)} : ${printExpr(e.no, 1)}`;
      return level > 1 ? `(${text})` : text;
    }
    case 'cast':
      return `${e.type}(${inner(e.x)})`;
    case 'random':
      break;
  }
  return `random(${inner(e.seed)}, ${e.stream}, ${inner(e.counter)})`;
}

function printBinary(e: Extract<Expr, { readonly kind: 'binary' }>, level: number): string {
  const operator = operators[e.fn];
  if (!operator) return `${e.fn}(${printExpr(e.x)}, ${printExpr(e.y)})`;
  const [symbol, precedence] = operator;
  const text = `${printExpr(e.x, precedence)} ${symbol} ${printExpr(e.y, precedence + 1)}`;
  return precedence < level ? `(${text})` : text;
}
