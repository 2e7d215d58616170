// Takes: the condition of an `assert` or `require`. Gives: whether it holds, and its numbers for the message.
// Promises: comparisons of numbers, of words where `wordOf` knows them, and their conjunction.
import type { BinaryOperator, Expr } from '../../1-syntax/ast.ts';
import { printExpr } from '../../1-syntax/print-ast.ts';
import { evaluate } from './evaluate.ts';
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
    const [left, right] = [judge(expr.left, section, wordOf), judge(expr.right, section, wordOf)];
    return { holds: left.holds && right.holds, numbers: `${left.numbers}; ${right.numbers}` };
  }
  const compare = expr.kind === 'binary' ? comparisons[expr.operator] : undefined;
  if (expr.kind !== 'binary' || compare === undefined) {
    const args = { key: 'the condition', expected: 'a comparison', found: `\`${printExpr(expr)}\`` };
    return fail(section, 'wrong-type', expr.span, args);
  }
  const words = [wordOf(expr.left), wordOf(expr.right)];
  const [a, b] = words;
  if (typeof a === 'string' && typeof b === 'string') {
    return { holds: (a === b) === (expr.operator === '=='), numbers: `${a} and ${b}` };
  }
  const [left, right] = [evaluate(expr.left, section), evaluate(expr.right, section)];
  return { holds: compare(left.value, right.value), numbers: `${show(left)} and ${show(right)}` };
}
