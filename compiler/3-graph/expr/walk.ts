// Takes: an expression. Gives: its parts, its free variables, or a copy with parts replaced.
// Promises: every kind of expression is known here; nothing is evaluated.
import { invariant } from '../../diagnostics.ts';
import type { Expr } from '../expr.ts';
import type { ScalarType } from '../types.ts';

export function operands(e: Expr): readonly Expr[] {
  switch (e.kind) {
    case 'const':
    case 'var':
      return [];
    case 'load':
      return e.index;
    case 'unary':
    case 'cast':
      return [e.x];
    case 'binary':
      return [e.x, e.y];
    case 'select':
      return [e.condition, e.yes, e.no];
    case 'random':
      break;
  }
  return [e.seed, e.counter];
}

/** The same expression over other operands, which `change` makes. Unchanged expressions are returned as they are. */
export function mapOperands(e: Expr, change: (operand: Expr) => Expr): Expr {
  const old = operands(e);
  const made = old.map(change);
  if (made.every((operand, i) => operand === old[i])) return e;
  const [x, y, z] = made;
  switch (e.kind) {
    case 'const':
    case 'var':
      return e;
    case 'load':
      return { ...e, index: made };
    case 'unary':
    case 'cast':
      invariant(x, 'one operand');
      return { ...e, x };
    case 'binary':
      invariant(x && y, 'two operands');
      return { ...e, x, y };
    case 'select':
      invariant(x && y && z, 'three operands');
      return { ...e, condition: x, yes: y, no: z };
    case 'random':
      break;
  }
  invariant(x && y, 'two operands');
  return { ...e, seed: x, counter: y };
}

/** Free variables with their types, in order of first appearance. */
export function variablesOf(e: Expr, into = new Map<string, ScalarType>()): Map<string, ScalarType> {
  if (e.kind === 'var' && !into.has(e.name)) into.set(e.name, e.type);
  for (const operand of operands(e)) variablesOf(operand, into);
  return into;
}

/** Variables replaced where `values` knows them. */
export function substitute(e: Expr, values: ReadonlyMap<string, Expr>): Expr {
  if (e.kind === 'var') return values.get(e.name) ?? e;
  return mapOperands(e, (operand) => substitute(operand, values));
}
