// Takes: a call such as `round(8/3 * d_model, to = 64, mode = ceil)`. Gives: its value.
// Promises: the functions of the language, one table; rounding names its mode.
import type { Argument, Expr } from '../../1-syntax/ast.ts';
import type { Quantity } from './quantity.ts';
import { fail, type Section } from './section.ts';

type CallExpr = Extract<Expr, { kind: 'call' }>;
export type Evaluate = (expr: Expr, section: Section) => Quantity;

/** Functions of one number. */
const unary: Readonly<Record<string, (x: number) => number>> = {
  sqrt: Math.sqrt,
  log: Math.log,
  exp: Math.exp,
  floor: Math.floor,
  ceil: Math.ceil,
  abs: Math.abs,
};

/** Functions of one or more numbers. */
const several: Readonly<Record<string, (...x: number[]) => number>> = { min: Math.min, max: Math.max };

/** Nearest: halves go up. */
const modes: Readonly<Record<string, (x: number) => number>> = {
  nearest: (x) => Math.floor(x + 0.5),
  ceil: Math.ceil,
  floor: Math.floor,
};

const casts: Readonly<Record<string, (x: number) => number>> = {
  f32: Math.fround,
  bf16: toBfloat16,
  f16: toFloat16,
};

export const numberFunctions: readonly string[] = [...Object.keys(unary), ...Object.keys(several), 'round', 'cast'];

export function isNumberFunction(name: string): boolean {
  return numberFunctions.includes(name);
}

export function callNumber(name: string, call: CallExpr, section: Section, evaluate: Evaluate): Quantity {
  if (name === 'round') return round(call, section, evaluate);
  if (name === 'cast') return cast(call, section, evaluate);
  const numbers = call.args.map((arg) => evaluate(positional(name, arg, section), section));
  const [first] = numbers;
  const one = unary[name];
  if (first === undefined || (one !== undefined && numbers.length !== 1)) {
    return fail(section, 'wrong-arguments', call.span, { callee: name, message: 'it takes one number' });
  }
  const value = one?.(first.value) ?? several[name]?.(...numbers.map((x) => x.value)) ?? NaN;
  const keeps = one === undefined || name === 'floor' || name === 'ceil' || name === 'abs';
  return { value, measure: keeps ? first.measure : null };
}

/** round(x, to = 1, mode = nearest | ceil | floor) */
function round(call: CallExpr, section: Section, evaluate: Evaluate): Quantity {
  const parts = take('round', call, ['x', 'to', 'mode'], section);
  const x = evaluate(required('round', 'x', parts, call, section), section);
  const to = parts['to'] === undefined ? 1 : evaluate(parts['to'], section).value;
  const mode = word('round', parts['mode'], modes, 'nearest', section);
  if (!(to > 0)) {
    return fail(section, 'out-of-range', call.span, { key: 'round: to', value: to, range: 'above 0' });
  }
  return { value: mode(x.value / to) * to, measure: x.measure };
}

/** cast(x, bf16): x rounded to that type. */
function cast(call: CallExpr, section: Section, evaluate: Evaluate): Quantity {
  const parts = take('cast', call, ['x', 'to'], section);
  const x = evaluate(required('cast', 'x', parts, call, section), section);
  required('cast', 'to', parts, call, section);
  return { value: word('cast', parts['to'], casts, 'f32', section)(x.value), measure: x.measure };
}

/** Arguments by name; bare ones take the names in order. @throws Stop */
export function take(
  callee: string,
  call: CallExpr,
  order: readonly string[],
  section: Section,
): Readonly<Record<string, Expr>> {
  const parts: Record<string, Expr> = {};
  call.args.forEach((arg, index) => {
    const name = arg.name?.text ?? order[index];
    if (name === undefined || !order.includes(name) || name in parts) {
      const message = `it takes ${order.join(', ')}`;
      fail(section, 'wrong-arguments', arg.span, { callee, message });
    }
    parts[name] = arg.value;
  });
  return parts;
}

/** @throws Stop */
export function required(
  callee: string,
  name: string,
  parts: Readonly<Record<string, Expr>>,
  call: CallExpr,
  section: Section,
): Expr {
  return parts[name] ?? fail(section, 'wrong-arguments', call.span, { callee, message: `it needs ${name}` });
}

function positional(callee: string, arg: Argument, section: Section): Expr {
  if (arg.name === null) return arg.value;
  return fail(section, 'wrong-arguments', arg.span, { callee, message: `it has no argument ${arg.name.text}` });
}

function word<T>(
  callee: string,
  expr: Expr | undefined,
  table: Readonly<Record<string, T>>,
  otherwise: keyof typeof table,
  section: Section,
): T {
  const name = expr === undefined ? otherwise : expr.kind === 'name' ? expr.name : '';
  const value = Object.hasOwn(table, name) ? table[name] : undefined;
  if (value !== undefined) return value;
  const message = `expected one of ${Object.keys(table).join(', ')}`;
  return fail(section, 'wrong-arguments', expr?.span ?? section.span, { callee, message });
}

/** Round to nearest even at 8 bits of significand: sqrt(3072) = 55.43 -> 55.5. */
function toBfloat16(x: number): number {
  const bits = new Uint32Array(new Float32Array([x]).buffer)[0] ?? 0;
  const rounded = (bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000;
  return new Float32Array(new Uint32Array([rounded]).buffer)[0] ?? NaN;
}

/** Round to nearest even at 11 bits of significand; beyond 65504 infinite, below 2^-14 in steps of 2^-24. */
function toFloat16(x: number): number {
  if (x === 0 || !Number.isFinite(x)) return x;
  const step = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(x)))) - 10);
  const scaled = Math.abs(x) / step;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 === 1);
  const value = (floor + (up ? 1 : 0)) * step;
  return Math.sign(x) * (value > 65504 ? Infinity : value);
}
