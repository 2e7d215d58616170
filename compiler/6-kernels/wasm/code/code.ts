// Takes: nothing. Gives: the code of WebAssembly functions as typed trees, and their constructors.
// Promises: an ill-typed tree cannot be made; a tree has one encoding and one text.
import { invariant } from '../../../diagnostics.ts';
import { instructions } from './instructions.ts';
import type { Instruction, InstructionName, ValueType } from './instructions.ts';

/** A variable of a function; parameters are locals too. Two of one name are two. */
export interface Local {
  readonly name: string;
  readonly type: ValueType;
}

/** Something that gives a value. */
export type Code =
  | { readonly kind: 'const'; readonly type: 'i32' | 'f32'; readonly value: number }
  /** Four equal or different lanes; `of`: how the numbers are stored. */
  | { readonly kind: 'lanes'; readonly type: 'v128'; readonly of: 'i32' | 'f32'; readonly values: readonly number[] }
  | { readonly kind: 'get'; readonly type: ValueType; readonly local: Local }
  | ({ readonly kind: 'op'; readonly type: ValueType; readonly name: InstructionName; readonly args: readonly Code[] } & Immediates) // prettier-ignore
  /** yes where condition (i32) is not 0; both are computed. */
  | { readonly kind: 'select'; readonly type: ValueType; readonly condition: Code; readonly yes: Code; readonly no: Code } // prettier-ignore
  | { readonly kind: 'call'; readonly type: ValueType; readonly fn: WasmFunction; readonly args: readonly Code[] };

export interface Immediates {
  /** Bytes added to the address. */
  readonly offset?: number;
  readonly lane?: number;
  /** For each of 16 bytes of the result, which of the 32 of the operands. */
  readonly shuffle?: readonly number[];
}

export type Statement =
  | { readonly kind: 'set'; readonly local: Local; readonly value: Code }
  /** An instruction without a result: a store. */
  | ({ readonly kind: 'effect'; readonly name: InstructionName; readonly args: readonly Code[] } & Immediates) // prettier-ignore
  | { readonly kind: 'invoke'; readonly fn: WasmFunction; readonly args: readonly Code[] }
  | { readonly kind: 'if'; readonly condition: Code; readonly yes: readonly Statement[]; readonly no: readonly Statement[] } // prettier-ignore
  /** Body, then again while the condition (i32) is not 0. */
  | { readonly kind: 'repeat'; readonly body: readonly Statement[]; readonly condition: Code };

export interface WasmFunction {
  readonly name: string;
  readonly params: readonly Local[];
  readonly body: readonly Statement[];
  /** The value returned, computed after the body. */
  readonly result: Code | null;
}

export const local = (name: string, type: ValueType): Local => ({ name, type });
export const get = (one: Local): Code => ({ kind: 'get', type: one.type, local: one });
export const i32 = (value: number): Code => ({ kind: 'const', type: 'i32', value: value | 0 });
export const f32 = (value: number): Code => ({ kind: 'const', type: 'f32', value: Math.fround(value) });
export const f32x4 = (...values: readonly number[]): Code => lanes('f32', values);
export const i32x4 = (...values: readonly number[]): Code => lanes('i32', values);

/** One number for all lanes, or four. */
function lanes(of: 'i32' | 'f32', values: readonly number[]): Code {
  const [first = 0] = values;
  invariant(values.length === 1 || values.length === 4, 'one lane or four');
  return { kind: 'lanes', type: 'v128', of, values: values.length === 1 ? [first, first, first, first] : values };
}

function check(what: string, takes: readonly ValueType[], args: readonly Code[]): void {
  const given = args.map((arg) => arg.type);
  invariant(given.join() === takes.join(), `${what} takes ${takes.join(', ')}, not ${given.join(', ')}`);
}

/** The value of an instruction. */
export function op(name: InstructionName, args: readonly Code[], immediates: Immediates = {}): Code {
  const { takes, gives }: Instruction = instructions[name];
  check(name, takes, args);
  invariant(gives !== null, `${name} gives no value`);
  return { kind: 'op', type: gives, name, args, ...immediates };
}

/** An instruction that stores. */
export function effect(name: InstructionName, args: readonly Code[], immediates: Immediates = {}): Statement {
  const { takes, gives }: Instruction = instructions[name];
  check(name, takes, args);
  invariant(gives === null, `${name} gives a value`);
  return { kind: 'effect', name, args, ...immediates };
}

export function set(one: Local, value: Code): Statement {
  invariant(one.type === value.type, `${one.name} is ${one.type}, not ${value.type}`);
  return { kind: 'set', local: one, value };
}

export function select(condition: Code, yes: Code, no: Code): Code {
  invariant(condition.type === 'i32' && yes.type === no.type, 'an i32 chooses between values of one type');
  return { kind: 'select', type: yes.type, condition, yes, no };
}

export function call(fn: WasmFunction, args: readonly Code[]): Code {
  check(fn.name, fn.params.map((param) => param.type), args); // prettier-ignore
  invariant(fn.result, `${fn.name} gives no value`);
  return { kind: 'call', type: fn.result.type, fn, args };
}

export function invoke(fn: WasmFunction, args: readonly Code[]): Statement {
  check(fn.name, fn.params.map((param) => param.type), args); // prettier-ignore
  invariant(!fn.result, `${fn.name} gives a value`);
  return { kind: 'invoke', fn, args };
}

export const when = (condition: Code, yes: readonly Statement[], no: readonly Statement[] = []): Statement => ({ kind: 'if', condition, yes, no }); // prettier-ignore
export const repeat = (body: readonly Statement[], condition: Code): Statement => ({ kind: 'repeat', body, condition });

/** for (index = from; index < to; index += step): counts are signed. `to` is computed once more in every turn. */
export function loop(index: Local, from: Code, to: Code, step: number, body: readonly Statement[]): Statement[] {
  const more = op('i32.lt_s', [get(index), to]);
  const next = set(index, add(get(index), i32(step)));
  const turns = repeat([...body, next], more);
  const certain = from.kind === 'const' && to.kind === 'const' && from.value < to.value;
  return [set(index, from), certain ? turns : when(more, [turns])];
}

const constantOf = (code: Code): number | null => (code.kind === 'const' && code.type === 'i32' ? code.value : null);

/** Sums and products of i32, folded where both are known. */
export function add(x: Code, y: Code): Code {
  const [a, b] = [constantOf(x), constantOf(y)];
  if (a !== null && b !== null) return i32(a + b);
  if (a === 0) return y;
  return b === 0 ? x : op('i32.add', [x, y]);
}

export function sub(x: Code, y: Code): Code {
  const [a, b] = [constantOf(x), constantOf(y)];
  if (a !== null && b !== null) return i32(a - b);
  return b === 0 ? x : op('i32.sub', [x, y]);
}

export function mul(x: Code, y: Code): Code {
  const [a, b] = [constantOf(x), constantOf(y)];
  if (a !== null && b !== null) return i32(Math.imul(a, b));
  if (a !== null) return mul(y, x);
  if (b === 0 || b === 1) return b === 1 ? x : i32(0);
  const power = b === null ? -1 : Math.log2(b);
  return Number.isInteger(power) && power > 0 ? op('i32.shl', [x, i32(power)]) : op('i32.mul', [x, y]);
}
