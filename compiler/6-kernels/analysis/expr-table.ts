// Takes: expressions. Gives: a number per distinct expression, its operands, the variables in it, how often it is used.
// Promises: structurally equal expressions get one number, shared or not; work is linear in the number of distinct nodes.
import type { Expr } from '../../3-graph/expr.ts';
import { operands } from '../../3-graph/expr/walk.ts';

/** What tells an expression from others besides its operands. */
function label(expr: Expr): string {
  if (expr.kind === 'const') return `const ${Object.is(expr.value, -0) ? '-0' : expr.value}`;
  if (expr.kind === 'var') return `var ${expr.name}`;
  if (expr.kind === 'load') return `load ${expr.tensor}`;
  if (expr.kind === 'unary' || expr.kind === 'binary') return expr.fn;
  return expr.kind === 'random' ? `random ${expr.stream}` : expr.kind;
}

export class ExprTable {
  private readonly ids = new Map<string, number>();
  private readonly known = new Map<Expr, number>();
  private readonly vars = new Map<number, readonly string[]>();
  private readonly counts = new Map<number, number>();
  private readonly seen = new Set<number>();

  id(expr: Expr): number {
    const known = this.known.get(expr);
    if (known !== undefined) return known;
    const key = `${expr.type} ${label(expr)}(${operands(expr).map((child) => this.id(child)).join()})`; // prettier-ignore
    const id = this.ids.get(key) ?? this.ids.size;
    this.ids.set(key, id);
    this.known.set(expr, id);
    return id;
  }

  /** Names of the variables an expression depends on. */
  variables(expr: Expr): readonly string[] {
    if (expr.kind === 'var') return [expr.name];
    const id = this.id(expr);
    const known = this.vars.get(id);
    if (known) return known;
    const found = [...new Set(operands(expr).flatMap((child) => this.variables(child)))];
    this.vars.set(id, found);
    return found;
  }

  /** Counts the uses of every node under `roots`, each root being one use. */
  count(roots: readonly Expr[]): void {
    for (const root of roots) {
      const id = this.id(root);
      this.counts.set(id, (this.counts.get(id) ?? 0) + 1);
      if (this.seen.has(id)) continue;
      this.seen.add(id);
      this.count(operands(root));
    }
  }

  uses(expr: Expr): number {
    return this.counts.get(this.id(expr)) ?? 0;
  }
}

/** Calls `visit` for every node under `roots`, each distinct object once. */
export function walk(roots: readonly Expr[], visit: (expr: Expr) => void, seen: Set<Expr> = new Set()): void {
  for (const root of roots) {
    if (seen.has(root)) continue;
    seen.add(root);
    visit(root);
    walk(operands(root), visit, seen);
  }
}
