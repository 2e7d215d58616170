// Takes: a scalar expression and the slot of each variable. Gives: a JavaScript function over an array of slots.
// Promises: float64 for floats, rounded by casts to f16; 32-bit wrap-around for integers, 0 and 1 for booleans; only the chosen side of a select runs.
import { InvariantError, invariant } from '../../diagnostics.ts';
import { binaryFunctions, unaryFunctions } from '../expr/fold.ts';
import { isFloat } from '../expr-build.ts';
import { roundToHalf } from '../expr/half.ts';
import type { Expr } from '../expr.ts';
import { uniform } from '../random.ts';

/** Value of an expression; `slots` holds the variables. */
export type ScalarFn = (slots: Float64Array) => number;

export interface ExprScope {
  /** Position of each variable in the slots. */
  readonly slotOf: ReadonlyMap<string, number>;
  /** Meaning of a load, from the functions that give its indices. Graphs have no loads. */
  readonly load?: (tensor: number, index: readonly ScalarFn[]) => ScalarFn;
}

export function compileExpr(e: Expr, scope: ExprScope): ScalarFn {
  const compile = (operand: Expr): ScalarFn => compileExpr(operand, scope);
  switch (e.kind) {
    case 'const': {
      const { value } = e;
      return () => value;
    }
    case 'var': {
      const slot = scope.slotOf.get(e.name);
      invariant(slot !== undefined, `no value for '${e.name}'`);
      return (slots) => slots[slot] ?? NaN;
    }
    case 'load':
      if (!scope.load) throw new InvariantError('internal: a load outside of a fused group');
      return scope.load(e.tensor, e.index.map(compile));
    case 'unary': {
      const fn = unaryFunctions[e.fn];
      const x = compile(e.x);
      return (slots) => fn(x(slots));
    }
    case 'binary':
      return compileBinary(e, compile(e.x), compile(e.y));
    case 'select': {
      const [condition, yes, no] = [compile(e.condition), compile(e.yes), compile(e.no)];
      return (slots) => (condition(slots) === 0 ? no(slots) : yes(slots));
    }
    case 'cast':
      return compileCast(e, compile(e.x));
    case 'random':
      break;
  }
  const { stream } = e;
  const [seed, counter] = [compile(e.seed), compile(e.counter)];
  return (slots) => uniform(seed(slots), stream, counter(slots));
}

type Case<K extends Expr['kind']> = Extract<Expr, { readonly kind: K }>;

/** The four commonest float operations are written out: a call through the table costs more than they do. */
function compileBinary(e: Case<'binary'>, x: ScalarFn, y: ScalarFn): ScalarFn {
  if (isFloat(e.x.type)) {
    if (e.fn === 'add') return (slots) => x(slots) + y(slots);
    if (e.fn === 'sub') return (slots) => x(slots) - y(slots);
    if (e.fn === 'mul') return (slots) => x(slots) * y(slots);
    if (e.fn === 'div') return (slots) => x(slots) / y(slots);
  }
  const fn = binaryFunctions(e.x.type)[e.fn];
  return (slots) => fn(x(slots), y(slots));
}

function compileCast(e: Case<'cast'>, x: ScalarFn): ScalarFn {
  if (e.type === 'bool') return (slots) => (x(slots) === 0 ? 0 : 1);
  if (e.type === 'f16') return (slots) => roundToHalf(x(slots));
  if (e.type === 'f32') return x;
  if (e.type === 'u32') return (slots) => Math.trunc(x(slots)) >>> 0;
  return (slots) => Math.trunc(x(slots)) | 0;
}
