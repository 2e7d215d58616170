// Takes: expressions. Gives: the one object that stands for all expressions of equal structure.
// Promises: within a pool, equal structure is equal identity, so sharing survives inlining and comparison is `===`.
import { mapOperands, operands } from '../../../3-graph/expr/walk.ts';
import { invariant } from '../../../diagnostics.ts';
import type { Expr } from '../../../3-graph/expr.ts';

export class ExprPool {
  private readonly ids = new Map<Expr, number>();
  private readonly byKey = new Map<string, Expr>();

  intern(expr: Expr): Expr {
    if (this.ids.has(expr)) return expr;
    const own = mapOperands(expr, (operand) => this.intern(operand));
    const key = this.key(own);
    const known = this.byKey.get(key);
    if (known) return known;
    this.byKey.set(key, own);
    this.ids.set(own, this.ids.size);
    return own;
  }

  /** Equal for equal interned expressions only. */
  id(expr: Expr): number {
    const id = this.ids.get(expr);
    invariant(id !== undefined, 'an expression that is not interned');
    return id;
  }

  private key(expr: Expr): string {
    const parts = operands(expr).map((operand) => this.id(operand));
    return `${expr.kind} ${expr.type} ${head(expr)} ${parts.join(' ')}`;
  }
}

/** What tells two expressions over the same operands apart. */
function head(expr: Expr): string {
  switch (expr.kind) {
    case 'const':
      return Object.is(expr.value, -0) ? '-0' : String(expr.value);
    case 'var':
      return expr.name;
    case 'load':
      return String(expr.tensor);
    case 'unary':
    case 'binary':
      return expr.fn;
    case 'random':
      return String(expr.stream);
    case 'select':
    case 'cast':
      break;
  }
  return '';
}
