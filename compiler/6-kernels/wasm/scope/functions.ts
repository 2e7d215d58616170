// Takes: values of operands. Gives: the code of every function of the expression language, on one number and on four.
// Promises: total over functions; the same bits for one number and for a lane of four.
import { invariant } from '../../../diagnostics.ts';
import type { BinaryFn, UnaryFn } from '../../../3-graph/expr.ts';
import type { ScalarType } from '../../../3-graph/types.ts';
import { call, f32, f32x4, i32, i32x4, op, select } from '../code/code.ts';
import type { Code, WasmFunction } from '../code/code.ts';
import type { InstructionName } from '../code/instructions.ts';
import type { WasmMath } from '../math/math.ts';
import { four, fourOf, isFloat, laneOf, lanesOf, one } from './value.ts';
import type { Value } from './value.ts';

/** Makes a value that is used more than once simple. */
export type Keep = (value: Value) => Value;

export interface FunctionContext {
  readonly math: WasmMath;
  readonly keep: Keep;
}

type Names = readonly [one: InstructionName, four: InstructionName];

function unary([single, wide]: Names, x: Value, type: ScalarType = x.type): Value {
  return x.lanes === 1 ? one(type, op(single, [x.code])) : four(type, op(wide, [x.code]));
}

function binary([single, wide]: Names, x: Value, y: Value, type: ScalarType = x.type): Value {
  if (x.lanes === 1 && y.lanes === 1) return one(type, op(single, [x.code, y.code]));
  return four(type, op(wide, [fourOf(x), fourOf(y)]));
}

/** A function of four numbers; of one, it is called with four equal ones. */
function called(fn: WasmFunction, args: readonly Value[]): Value {
  const lanes = args.some((arg) => arg.lanes === 4) ? 4 : 1;
  const code = call(fn, args.map(fourOf));
  return lanes === 4 ? four('f32', code) : one('f32', op('f32x4.extract_lane', [code], { lane: 0 }));
}

const number = (value: number, type: ScalarType): Value => one(type, isFloat(type) ? f32(value) : i32(value));

type UnaryRule = (x: Value, context: FunctionContext) => Value;

const viaMath = (name: 'exp' | 'log' | 'tanh' | 'sigmoid' | 'erf' | 'sin' | 'cos'): UnaryRule => (x, { math }) =>
  called(math[name], [x]); // prettier-ignore

export const unaryRules: { readonly [F in UnaryFn]: UnaryRule } = {
  neg: (x) =>
    isFloat(x.type) ? unary(['f32.neg', 'f32x4.neg'], x) : binary(['i32.sub', 'i32x4.sub'], number(0, x.type), x),
  exp: viaMath('exp'),
  log: viaMath('log'),
  sqrt: (x) => unary(['f32.sqrt', 'f32x4.sqrt'], x),
  rsqrt: (x) => binary(['f32.div', 'f32x4.div'], number(1, 'f32'), unary(['f32.sqrt', 'f32x4.sqrt'], x)),
  tanh: viaMath('tanh'),
  sigmoid: viaMath('sigmoid'),
  erf: viaMath('erf'),
  sin: viaMath('sin'),
  cos: viaMath('cos'),
  abs: (x, { keep }) => {
    if (isFloat(x.type)) return unary(['f32.abs', 'f32x4.abs'], x);
    if (x.type === 'u32') return x;
    if (x.lanes === 4) return four(x.type, op('i32x4.abs', [x.code]));
    const { code } = keep(x);
    return one(x.type, select(op('i32.lt_s', [code, i32(0)]), op('i32.sub', [i32(0), code]), code));
  },
  sign: (x, { keep }) => sign(keep(x)),
  floor: (x) => (isFloat(x.type) ? unary(['f32.floor', 'f32x4.floor'], x) : x),
  not: (x) => unary(['i32.eqz', 'v128.not'], x),
};

/** (x > 0) - (x < 0). */
function sign(x: Value): Value {
  const zero = number(0, x.type);
  const [above, below] = [binaryRules.lt(zero, x, null), binaryRules.lt(x, zero, null)];
  if (x.lanes === 4) {
    const unit = isFloat(x.type) ? f32x4(1) : i32x4(1);
    const [up, down] = [above, below].map(({ code }) => op('v128.and', [code, unit]));
    invariant(up && down, 'two comparisons');
    return four(x.type, op(isFloat(x.type) ? 'f32x4.sub' : 'i32x4.sub', [up, down]));
  }
  const difference = op('i32.sub', [above.code, below.code]);
  return one(x.type, isFloat(x.type) ? op('f32.convert_i32_s', [difference]) : difference);
}

type BinaryRule = (x: Value, y: Value, context: FunctionContext | null) => Value;

const arithmetic = (float: Names, int: Names): BinaryRule => (x, y) => binary(isFloat(x.type) ? float : int, x, y); // prettier-ignore

const compare = (float: Names, signed: Names, unsigned: Names): BinaryRule => (x, y) =>
  binary(isFloat(x.type) ? float : x.type === 'u32' ? unsigned : signed, x, y, 'bool'); // prettier-ignore

/** y < x ? y : x, and x < y ? y : x: x where one is no number. */
function chosen(pick: 'min' | 'max', x: Value, y: Value, keep: Keep): Value {
  const [a, b] = pick === 'min' ? [y, x] : [x, y];
  if (x.lanes === 4 || y.lanes === 4) {
    if (isFloat(x.type)) return four(x.type, op(`f32x4.p${pick}`, [fourOf(x), fourOf(y)]));
    return four(x.type, op(`i32x4.${pick}_${x.type === 'u32' ? 'u' : 's'}`, [fourOf(x), fourOf(y)]));
  }
  const [first, second] = [keep(x), keep(y)];
  const less = pick === 'min' ? binaryRules.lt(second, first, null) : binaryRules.lt(first, second, null);
  invariant(a.lanes === b.lanes, 'single numbers');
  return one(x.type, select(less.code, second.code, first.code));
}

/** Integers divide towards zero. A division the machine would refuse (by zero, or -2^31 by -1) is one by 1. */
function divided(name: 'div' | 'rem', x: Value, y: Value, context: FunctionContext): Value {
  const suffix = x.type === 'u32' ? 'u' : 's';
  if (x.lanes === 1 && y.lanes === 1) {
    if (y.code.kind === 'const' && y.code.value !== 0 && y.code.value !== -1)
      return one(x.type, op(`i32.${name}_${suffix}`, [x.code, y.code]));
    const { code } = context.keep(y);
    const refused = op('i32.or', [op('i32.eqz', [code]), suffix === 's' ? op('i32.and', [op('i32.eq', [code, i32(-1)]), op('i32.eq', [context.keep(x).code, i32(-2147483648)])]) : i32(0)]); // prettier-ignore
    return one(x.type, op(`i32.${name}_${suffix}`, [context.keep(x).code, select(refused, i32(1), code)]));
  }
  const [a, b] = [context.keep(x), context.keep(y)];
  const at = (value: Value, lane: number): Value => (value.lanes === 1 ? value : one(value.type, laneOf(value.type, value.code, lane))); // prettier-ignore
  return four(x.type, lanesOf([0, 1, 2, 3].map((lane) => divided(name, at(a, lane), at(b, lane), context).code)));
}

function needed(context: FunctionContext | null): FunctionContext {
  invariant(context, 'this function needs its context');
  return context;
}

export const binaryRules: { readonly [F in BinaryFn]: BinaryRule } = {
  add: arithmetic(['f32.add', 'f32x4.add'], ['i32.add', 'i32x4.add']),
  sub: arithmetic(['f32.sub', 'f32x4.sub'], ['i32.sub', 'i32x4.sub']),
  mul: arithmetic(['f32.mul', 'f32x4.mul'], ['i32.mul', 'i32x4.mul']),
  div: (x, y, context) =>
    isFloat(x.type) ? binary(['f32.div', 'f32x4.div'], x, y) : divided('div', x, y, needed(context)),
  /** Floats: x - y * trunc(x / y). */
  mod: (x, y, context) => {
    if (!isFloat(x.type)) return divided('rem', x, y, needed(context));
    const [a, b] = [needed(context).keep(x), needed(context).keep(y)];
    const whole = unary(['f32.trunc', 'f32x4.trunc'], binary(['f32.div', 'f32x4.div'], a, b));
    return binaryRules.sub(a, binaryRules.mul(b, whole, context), context);
  },
  min: (x, y, context) => chosen('min', x, y, needed(context).keep),
  max: (x, y, context) => chosen('max', x, y, needed(context).keep),
  pow: (x, y, context) => called(needed(context).math.pow, [x, y]),
  lt: compare(['f32.lt', 'f32x4.lt'], ['i32.lt_s', 'i32x4.lt_s'], ['i32.lt_u', 'i32x4.lt_u']),
  le: compare(['f32.le', 'f32x4.le'], ['i32.le_s', 'i32x4.le_s'], ['i32.le_u', 'i32x4.le_u']),
  eq: compare(['f32.eq', 'f32x4.eq'], ['i32.eq', 'i32x4.eq'], ['i32.eq', 'i32x4.eq']),
  and: (x, y) => binary(['i32.and', 'v128.and'], x, y),
  or: (x, y) => binary(['i32.or', 'v128.or'], x, y),
};

/** x^y for the constants that need no logarithm, else null. */
export function powerOf(x: Value, y: number, context: FunctionContext): Value | null {
  if (y === 0.5) return unaryRules.sqrt(x, context);
  if (y === -0.5) return unaryRules.rsqrt(x, context);
  if (y !== 2 && y !== 3) return null;
  const base = context.keep(x);
  const square = binaryRules.mul(base, base, context);
  return y === 2 ? square : binaryRules.mul(square, base, context);
}

/** Floats become integers towards zero and saturate; bool is 0 or 1. */
export function cast(x: Value, to: ScalarType, context: FunctionContext): Value {
  const from = x.type;
  if (to === 'bool') {
    if (from === 'bool') return x;
    const zero = number(0, from);
    return isFloat(from)
      ? binary(['f32.ne', 'f32x4.ne'], x, zero, 'bool')
      : binary(['i32.ne', 'i32x4.ne'], x, zero, 'bool');
  }
  if (to === 'f16' && from !== 'f16') return rounded(cast(x, 'f32', context), context);
  if (isFloat(to)) {
    if (isFloat(from)) return { ...x, type: to };
    if (from === 'bool' && x.lanes === 4) return four(to, op('v128.and', [x.code, f32x4(1)]));
    const sign = from === 'u32' ? 'u' : 's';
    return unary([`f32.convert_i32_${sign}`, `f32x4.convert_i32x4_${sign}`], x, to);
  }
  if (isFloat(from)) {
    const sign = to === 'u32' ? 'u' : 's';
    return unary([`i32.trunc_sat_f32_${sign}`, `i32x4.trunc_sat_f32x4_${sign}`], x, to);
  }
  if (from === 'bool' && x.lanes === 4) return four(to, op('v128.and', [x.code, i32x4(1)]));
  return { ...x, type: to };
}

/** To the nearest f16, held as f32. */
function rounded(x: Value, { math }: FunctionContext): Value {
  const wide: Code = call(math.halfToFloat, [call(math.floatToHalf, [fourOf(x)])]);
  return x.lanes === 4 ? four('f16', wide) : one('f16', op('f32x4.extract_lane', [wide], { lane: 0 }));
}

/** condition ? yes : no, both computed. */
export function choose(condition: Value, yes: Value, no: Value): Value {
  const lanes = yes.lanes === 4 || no.lanes === 4 ? 4 : 1;
  if (condition.lanes === 4) return four(yes.type, op('v128.bitselect', [fourOf(yes), fourOf(no), condition.code]));
  const [a, b] = lanes === 4 ? [fourOf(yes), fourOf(no)] : [yes.code, no.code];
  return { type: yes.type, lanes, code: select(condition.code, a, b) };
}
