// Takes: a binary operator. Gives: how tightly it binds.
// Promises: total over the operators; parser side and printer read the same table.
import type { BinaryOperator } from './ast.ts';

export const precedence: Record<BinaryOperator, number> = {
  until: 1,
  // oxlint-disable-next-line unicorn/no-thenable -- never awaited
  then: 1,
  in: 1,
  '==': 2,
  '!=': 2,
  '<': 2,
  '<=': 2,
  '>': 2,
  '>=': 2,
  '&': 3,
  '..': 4,
  '+-': 5,
  '+': 6,
  '-': 6,
  '*': 7,
  '/': 7,
  '%': 7,
  '^': 9,
};

/** `-a * b` is `(-a) * b`, `-a ^ b` is `-(a ^ b)`. */
export const negatePrecedence = 8;
/** Names, calls, lists: never in need of parentheses. */
export const atomPrecedence = 10;

/** `^` groups to the right, all others to the left. */
export function isRightAssociative(operator: BinaryOperator): boolean {
  return operator === '^';
}
