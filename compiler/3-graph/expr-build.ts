// Takes: expressions and plain numbers (which take the type of the other operand). Gives: a typed expression.
// Promises: ill-typed use throws InvariantError; constants are folded, and so are neutral and absorbing operands,
// which keeps derivatives short (x * 0 is 0: an infinite x is not followed).
import { invariant } from '../diagnostics.ts';
import { foldBinary, foldUnary } from './expr/fold.ts';
import type { BinaryFn, Expr, UnaryFn } from './expr.ts';
import type { ScalarType } from './types.ts';

export type Operand = Expr | number;

const letters = 'abcdefghijklmnopqrstuvwxyz';

/** Name of the variable that stands for input `i` of a map: a, b, ... z, a1, b1, ... */
export function inputName(i: number): string {
  const round = Math.floor(i / letters.length);
  return letters.charAt(i % letters.length) + (round === 0 ? '' : String(round));
}

export function constant(value: number, type: ScalarType = 'f32'): Expr {
  return { kind: 'const', value, type };
}

export function variable(name: string, type: ScalarType): Expr {
  return { kind: 'var', name, type };
}

export function load(tensor: number, index: readonly Expr[], type: ScalarType): Expr {
  return { kind: 'load', tensor, index, type };
}

export function isConstant(e: Expr, value?: number): boolean {
  return e.kind === 'const' && (value === undefined || e.value === value);
}

export function isFloat(type: ScalarType): boolean {
  return type === 'f32' || type === 'f16';
}

function unary(fn: UnaryFn, x: Expr): Expr {
  if (fn === 'not') invariant(x.type === 'bool', `'not' of a ${x.type}`);
  else if (fn === 'neg' || fn === 'abs' || fn === 'sign')
    invariant(isFloat(x.type) || x.type === 'i32', `'${fn}' of a ${x.type}`);
  else invariant(isFloat(x.type), `'${fn}' of a ${x.type}`);
  if (x.kind === 'const') return constant(foldUnary(fn, x.value), x.type);
  return { kind: 'unary', fn, x, type: x.type };
}

/** The two operands with numbers given the type of the other. */
function pair(x: Operand, y: Operand): readonly [Expr, Expr] {
  if (typeof x !== 'number') return [x, typeof y === 'number' ? constant(y, x.type) : y];
  if (typeof y !== 'number') return [constant(x, y.type), y];
  return [constant(x), constant(y)];
}

const comparisons: ReadonlySet<BinaryFn> = new Set(['lt', 'le', 'eq']);
const logical: ReadonlySet<BinaryFn> = new Set(['and', 'or']);

/** Type of `fn` of two operands of type `type`. @throws InvariantError when there is none. */
export function binaryType(fn: BinaryFn, type: ScalarType): ScalarType {
  if (logical.has(fn)) invariant(type === 'bool', `'${fn}' of ${type}`);
  else if (fn !== 'eq') invariant(type !== 'bool', `'${fn}' of bool`);
  if (fn === 'pow') invariant(isFloat(type), `'pow' of ${type}`);
  return comparisons.has(fn) ? 'bool' : type;
}

function binary(fn: BinaryFn, left: Operand, right: Operand): Expr {
  const [x, y] = pair(left, right);
  invariant(x.type === y.type, `'${fn}' of ${x.type} and ${y.type}`);
  const type = binaryType(fn, x.type);
  if (x.kind === 'const' && y.kind === 'const') return constant(foldBinary(fn, x.value, y.value, x.type), type);
  return { kind: 'binary', fn, x, y, type };
}

/** -x; pushed into differences and products with a constant. */
export function neg(x: Expr): Expr {
  if (x.kind === 'unary' && x.fn === 'neg') return x.x;
  if (x.kind === 'binary' && x.fn === 'sub') return sub(x.y, x.x);
  if (x.kind === 'binary' && x.fn === 'mul' && x.x.kind === 'const') return mul(neg(x.x), x.y);
  return unary('neg', x);
}

export function add(left: Operand, right: Operand): Expr {
  const [x, y] = pair(left, right);
  if (x.type === y.type && isConstant(x, 0)) return y;
  if (x.type === y.type && isConstant(y, 0)) return x;
  if (y.kind === 'unary' && y.fn === 'neg') return sub(x, y.x);
  return binary('add', x, y);
}

export function sub(left: Operand, right: Operand): Expr {
  const [x, y] = pair(left, right);
  if (x.type === y.type && isConstant(y, 0)) return x;
  if (x.type === y.type && isConstant(x, 0) && x.type !== 'u32') return neg(y);
  if (y.kind === 'unary' && y.fn === 'neg') return add(x, y.x);
  return binary('sub', x, y);
}

/** x * y; a constant factor goes to the front. */
export function mul(left: Operand, right: Operand): Expr {
  const [x, y] = pair(left, right);
  if (x.type !== y.type || (x.kind === 'const' && y.kind === 'const')) return binary('mul', x, y);
  if (y.kind === 'const') return mul(y, x);
  if (x.kind === 'unary' && x.fn === 'neg') return neg(mul(x.x, y));
  if (y.kind === 'unary' && y.fn === 'neg') return neg(mul(x, y.x));
  if (x.kind !== 'const') {
    if (y.kind === 'binary' && y.fn === 'mul' && y.x.kind === 'const') return mul(y.x, mul(x, y.y));
    if (x.kind === 'binary' && x.fn === 'mul' && x.x.kind === 'const') return mul(x.x, mul(x.y, y));
    return binary('mul', x, y);
  }
  if (x.value === 0) return x;
  if (x.value === 1) return y;
  if (x.value === -1 && x.type !== 'u32') return neg(y);
  if (y.kind === 'binary' && y.fn === 'mul' && y.x.kind === 'const') return mul(binary('mul', x, y.x), y.y);
  return binary('mul', x, y);
}

export function div(left: Operand, right: Operand): Expr {
  const [x, y] = pair(left, right);
  if (x.type === y.type && (isConstant(y, 1) || isConstant(x, 0))) return x;
  return binary('div', x, y);
}

export function pow(left: Operand, right: Operand): Expr {
  const [x, y] = pair(left, right);
  if (x.type === y.type && isConstant(y, 1)) return x;
  if (x.type === y.type && isConstant(y, 0)) return constant(1, x.type);
  if (x.type === y.type && isConstant(y, 2)) return mul(x, x);
  return binary('pow', x, y);
}

export const mod = (x: Operand, y: Operand): Expr => binary('mod', x, y);
export const min = (x: Operand, y: Operand): Expr => binary('min', x, y);
export const max = (x: Operand, y: Operand): Expr => binary('max', x, y);
export const lt = (x: Operand, y: Operand): Expr => binary('lt', x, y);
export const le = (x: Operand, y: Operand): Expr => binary('le', x, y);
export const gt = (x: Operand, y: Operand): Expr => binary('lt', y, x);
export const ge = (x: Operand, y: Operand): Expr => binary('le', y, x);
export const eq = (x: Operand, y: Operand): Expr => binary('eq', x, y);

export function and(x: Expr, y: Expr): Expr {
  if (x.kind === 'const' && x.type === y.type) return x.value === 0 ? x : y;
  if (y.kind === 'const' && x.type === y.type) return y.value === 0 ? y : x;
  return binary('and', x, y);
}

export function or(x: Expr, y: Expr): Expr {
  if (x.kind === 'const' && x.type === y.type) return x.value === 0 ? y : x;
  if (y.kind === 'const' && x.type === y.type) return y.value === 0 ? x : y;
  return binary('or', x, y);
}

export const not = (x: Expr): Expr => (x.kind === 'unary' && x.fn === 'not' ? x.x : unary('not', x));
export const exp = (x: Expr): Expr => unary('exp', x);
export const log = (x: Expr): Expr => unary('log', x);
export const sqrt = (x: Expr): Expr => unary('sqrt', x);
export const rsqrt = (x: Expr): Expr => unary('rsqrt', x);
export const tanh = (x: Expr): Expr => unary('tanh', x);
export const sigmoid = (x: Expr): Expr => unary('sigmoid', x);
export const erf = (x: Expr): Expr => unary('erf', x);
export const sin = (x: Expr): Expr => unary('sin', x);
export const cos = (x: Expr): Expr => unary('cos', x);
export const abs = (x: Expr): Expr => unary('abs', x);
export const sign = (x: Expr): Expr => unary('sign', x);
export const floor = (x: Expr): Expr => unary('floor', x);

export function select(condition: Expr, left: Operand, right: Operand): Expr {
  const [yes, no] = pair(left, right);
  invariant(condition.type === 'bool', `select by a ${condition.type}`);
  invariant(yes.type === no.type, `select of ${yes.type} and ${no.type}`);
  if (condition.kind === 'const') return condition.value === 0 ? no : yes;
  if (yes.kind === 'const' && no.kind === 'const' && yes.value === no.value) return yes;
  return { kind: 'select', condition, yes, no, type: yes.type };
}

/** Conversion of value; to integers it truncates, to bool it asks for non-zero. */
export function cast(x: Expr, type: ScalarType): Expr {
  if (x.type === type) return x;
  if (x.kind === 'const') {
    if (type === 'bool') return constant(x.value === 0 ? 0 : 1, type);
    return constant(isFloat(type) ? x.value : Math.trunc(x.value), type);
  }
  return { kind: 'cast', x, type };
}

export function random(seed: Expr, stream: number, counter: Expr): Expr {
  invariant(seed.type === 'u32', `random with a seed of ${seed.type}`);
  invariant(counter.type === 'i32' || counter.type === 'u32', `random with a counter of ${counter.type}`);
  return { kind: 'random', seed, stream, counter, type: 'f32' };
}
