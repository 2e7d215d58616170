// Takes: nothing. Gives: values of expressions as code: one number, or four neighbours along the axis that is walked by fours.
// Promises: a bool is 0 or 1 as one, a mask of all or no bits as four; f16 is held as f32.
import { f32, i32, op, select } from '../code/code.ts';
import type { Code } from '../code/code.ts';
import type { ValueType } from '../code/instructions.ts';
import type { ScalarType } from '../../../3-graph/types.ts';

export type Lanes = 1 | 4;

export interface Value {
  readonly type: ScalarType;
  readonly lanes: Lanes;
  readonly code: Code;
}

export const isFloat = (type: ScalarType): boolean => type === 'f32' || type === 'f16';

export const one = (type: ScalarType, code: Code): Value => ({ type, lanes: 1, code });
export const four = (type: ScalarType, code: Code): Value => ({ type, lanes: 4, code });

export function constantOf(value: number, type: ScalarType): Value {
  return one(type, isFloat(type) ? f32(value) : i32(type === 'bool' ? Number(value !== 0) : value));
}

/** The local a value of this kind needs. */
export function localType(type: ScalarType, lanes: Lanes): ValueType {
  if (lanes === 4) return 'v128';
  return isFloat(type) ? 'f32' : 'i32';
}

/** The four lanes as code; one number is repeated. */
export function fourOf({ type, lanes, code }: Value): Code {
  if (lanes === 4) return code;
  if (code.kind === 'const') {
    const value = type === 'bool' ? -code.value : code.value;
    return { kind: 'lanes', type: 'v128', of: isFloat(type) ? 'f32' : 'i32', values: [value, value, value, value] };
  }
  if (isFloat(type)) return op('f32x4.splat', [code]);
  return op('i32x4.splat', [type === 'bool' ? op('i32.sub', [i32(0), code]) : code]);
}

/** One lane of four, as one number; `code` is simple. */
export function laneOf(type: ScalarType, code: Code, lane: number): Code {
  if (isFloat(type)) return op('f32x4.extract_lane', [code], { lane });
  const number = op('i32x4.extract_lane', [code], { lane });
  return type === 'bool' ? op('i32.and', [number, i32(1)]) : number;
}

/** Four numbers of i32 or f32 as four lanes. */
export function lanesOf(codes: readonly Code[]): Code {
  const [first, ...rest] = codes;
  if (!first) return { kind: 'lanes', type: 'v128', of: 'i32', values: [0, 0, 0, 0] };
  const float = first.type === 'f32';
  const start = op(float ? 'f32x4.splat' : 'i32x4.splat', [first]);
  return rest.reduce((all, code, i) => op(float ? 'f32x4.replace_lane' : 'i32x4.replace_lane', [all, code], { lane: i + 1 }), start); // prettier-ignore
}

/** Repeating it costs nothing. */
export const isSimple = (code: Code): boolean => code.kind === 'get' || code.kind === 'const' || code.kind === 'lanes';

/** Of simple i32 codes. */
export const least = (x: Code, y: Code): Code => select(op('i32.lt_s', [x, y]), x, y);
export const greatest = (x: Code, y: Code): Code => select(op('i32.gt_s', [x, y]), x, y);
