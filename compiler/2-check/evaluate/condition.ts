// Takes: the condition of an `assert` or `require`. Gives: whether it holds, and its numbers for the message.
// Promises: comparisons of numbers and chains of them, membership in lists and ranges, words where `wordOf` knows them,
//   and their conjunction.
import type { BinaryOperator, Expr } from '../../1-syntax/ast.ts';
import { printExpr } from '../../1-syntax/print-ast.ts';
import { describe, evaluate } from './evaluate.ts';
import { show } from './quantity.ts';
import { fail, tell, type Section } from './section.ts';

export interface Verdict {
  readonly holds: boolean;
  readonly numbers: string;
}

/** What a side stands for when it is no number: `mix[last]` -> `global`. */
export type WordOf = (expr: Expr) => string | null;

const comparisons: Partial<Record<BinaryOperator, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

/** Reports `assert-failed` when the condition does not hold. @throws Stop */
export function checkCondition(expr: Expr, section: Section, wordOf: WordOf = () => null): void {
  const { holds, numbers } = judge(expr, section, wordOf);
  if (!holds) tell(section, 'assert-failed', expr.span, { text: printExpr(expr), numbers });
}

function judge(expr: Expr, section: Section, wordOf: WordOf): Verdict {
  if (expr.kind === 'group') return judge(expr.value, section, wordOf);
  if (expr.kind === 'binary' && expr.operator === '&') {
    return both(judge(expr.left, section, wordOf), judge(expr.right, section, wordOf));
  }
  if (expr.kind === 'binary' && expr.operator === 'in') return among(expr.left, expr.right, section, wordOf);
  const compare = expr.kind === 'binary' ? comparisons[expr.operator] : undefined;
  if (expr.kind !== 'binary' || compare === undefined) {
    const args = { key: 'the condition', expected: 'a comparison', found: `\`${printExpr(expr)}\`` };
    return fail(section, 'wrong-type', expr.span, args);
  }
  const { left, right, operator } = expr;
  // `1 < a <= b` holds when `1 < a` and `a <= b` do.
  if (left.kind === 'binary' && comparisons[left.operator] !== undefined) {
    const link: Expr = { ...expr, left: left.right };
    return both(judge(left, section, wordOf), judge(link, section, wordOf));
  }
  const words = [wordOf(left), wordOf(right)];
  const [a, b] = words;
  if (typeof a === 'string' && typeof b === 'string' && (operator === '==' || operator === '!=')) {
    return { holds: (a === b) === (operator === '=='), numbers: `${a} and ${b}` };
  }
  const [x, y] = [evaluate(left, section), evaluate(right, section)];
  return { holds: compare(x.value, y.value), numbers: `${show(x)} and ${show(y)}` };
}

function both(left: Verdict, right: Verdict): Verdict {
  return { holds: left.holds && right.holds, numbers: `${left.numbers}; ${right.numbers}` };
}

/** `a in [8, 16]`, `a in 100..200` (both ends belong to it), `mix[last] in [local, global]`. */
function among(expr: Expr, set: Expr, section: Section, wordOf: WordOf): Verdict {
  if (set.kind === 'group') return among(expr, set.value, section, wordOf);
  if (set.kind === 'binary' && set.operator === '..') {
    const [x, low, high] = [expr, set.left, set.right].map((each) => evaluate(each, section));
    if (x === undefined || low === undefined || high === undefined) return { holds: false, numbers: '' };
    return { holds: low.value <= x.value && x.value <= high.value, numbers: show(x) };
  }
  if (set.kind !== 'list') {
    const args = { key: printExpr(set), expected: 'a list or a range, a..b', found: describe(set) };
    return fail(section, 'wrong-type', set.span, args);
  }
  const word = wordOf(expr);
  if (word !== null) return { holds: set.items.some((item) => wordOf(item) === word), numbers: word };
  const x = evaluate(expr, section);
  return { holds: set.items.some((item) => evaluate(item, section).value === x.value), numbers: show(x) };
}
