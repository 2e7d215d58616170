// Takes: an expression and the variables it may use. Gives: nothing.
// Promises: an ill-typed expression, or one over a variable that is not there, throws InvariantError.
import { invariant } from '../../diagnostics.ts';
import { binaryType, isFloat } from '../expr-build.ts';
import type { Expr } from '../expr.ts';
import type { ScalarType } from '../types.ts';
import { operands } from './walk.ts';

/** @throws InvariantError; `where` names the owner of the expression. Loads are legal only in groups, not in graphs. */
export function checkExpr(e: Expr, variables: ReadonlyMap<string, ScalarType>, where: string): void {
  for (const operand of operands(e)) checkExpr(operand, variables, where);
  switch (e.kind) {
    case 'const':
      return;
    case 'var': {
      const type = variables.get(e.name);
      invariant(type !== undefined, `${where}: the expression uses '${e.name}', which is not there`);
      invariant(type === e.type, `${where}: '${e.name}' is ${type}, the expression takes it as ${e.type}`);
      return;
    }
    case 'load':
      invariant(false, `${where}: a load outside of a fused group`);
      return;
    case 'unary':
      invariant(e.type === e.x.type, `${where}: '${e.fn}' of ${e.x.type} typed ${e.type}`);
      invariant(e.fn === 'not' ? e.type === 'bool' : e.type !== 'bool', `${where}: '${e.fn}' of ${e.x.type}`);
      return;
    case 'binary':
      invariant(e.x.type === e.y.type, `${where}: '${e.fn}' of ${e.x.type} and ${e.y.type}`);
      invariant(binaryType(e.fn, e.x.type) === e.type, `${where}: '${e.fn}' of ${e.x.type} typed ${e.type}`);
      return;
    case 'select':
      invariant(e.condition.type === 'bool', `${where}: select by a ${e.condition.type}`);
      invariant(e.yes.type === e.type && e.no.type === e.type, `${where}: select of unequal types`);
      return;
    case 'cast':
      return;
    case 'random':
      invariant(e.seed.type === 'u32', `${where}: random with a seed of ${e.seed.type}`);
      invariant(!isFloat(e.counter.type), `${where}: random with a counter of ${e.counter.type}`);
  }
}
