// Takes: accumulators and the stores over them. Gives: fewer accumulators: those only ever added up become terms of one.
// Promises: equal values; null where accumulators are left that share no operand, which one group would not make faster.
import { add } from '../../../3-graph/expr-build.ts';
import type { Expr } from '../../../3-graph/expr.ts';
import { mapOperands, operands } from '../../../3-graph/expr/walk.ts';
import type { Accumulator, Store } from '../../groups.ts';
import type { ExprPool } from '../elements/expr-pool.ts';

/** Accumulators are held in registers side by side. */
const MAX_ACCUMULATORS = 2;

interface Merged {
  readonly accumulators: readonly Accumulator[];
  readonly stores: readonly Store[];
}

export function mergeTerms(
  pool: ExprPool,
  accumulators: readonly Accumulator[],
  stores: readonly Store[],
): Merged | null {
  const names = new Set(accumulators.map(({ result }) => result));
  const used = usesOf(stores, names);
  const groups = new Map<string, Accumulator>(accumulators.map((accumulator) => [accumulator.result, accumulator]));
  const done = new Map<Expr, Expr>();
  const rewrite = (expr: Expr): Expr => {
    const known = done.get(expr);
    if (known) return known;
    const made = pool.intern(mergeSum(expr, groups, used) ?? mapOperands(expr, rewrite));
    done.set(expr, made);
    return made;
  };
  const rewritten = stores.map((store) => ({ ...store, value: rewrite(store.value) }));
  const left = [...groups.values()];
  const shared = left.every(({ terms }) => terms.length === 1 && terms[0]?.a === left[0]?.terms[0]?.a);
  if (left.length > 1 && (!shared || left.length > MAX_ACCUMULATORS)) return null;
  return { accumulators: left, stores: rewritten };

  /** A sum with several accumulators that occur nowhere else. */
  function mergeSum(expr: Expr, all: Map<string, Accumulator>, counts: ReadonlyMap<string, number>): Expr | null {
    const parts = addends(expr);
    const single = parts.filter((part) => part.kind === 'var' && all.has(part.name) && counts.get(part.name) === 1);
    const [first, ...rest] = single;
    if (first?.kind !== 'var' || rest.length === 0) return null;
    const into = all.get(first.name);
    if (!into) return null;
    let { terms } = into;
    for (const part of rest) {
      if (part.kind !== 'var') continue;
      terms = [...terms, ...(all.get(part.name)?.terms ?? [])];
      all.delete(part.name);
    }
    all.set(first.name, { ...into, terms });
    const kept = parts.filter((part) => !rest.includes(part));
    return kept.map(rewrite).reduce((sum, part) => add(sum, part));
  }
}

function addends(expr: Expr): Expr[] {
  return expr.kind === 'binary' && expr.fn === 'add' && expr.type === 'f32'
    ? [...addends(expr.x), ...addends(expr.y)]
    : [expr];
}

/** How often each accumulator occurs in the stores, shared subtrees counted for each place that holds them. */
function usesOf(stores: readonly Store[], names: ReadonlySet<string>): Map<string, number> {
  const counts = new Map<string, number>();
  const seen = new Map<Expr, number>();
  const visit = (expr: Expr): void => {
    if (expr.kind === 'var' && names.has(expr.name)) counts.set(expr.name, (counts.get(expr.name) ?? 0) + 1);
    if (seen.has(expr)) return;
    seen.set(expr, 1);
    for (const operand of operands(expr)) visit(operand);
  };
  for (const { value } of stores) visit(value);
  return counts;
}
