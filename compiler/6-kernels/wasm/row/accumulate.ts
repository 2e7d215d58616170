// Takes: reductions. Gives: how they begin, how values are taken in, how lanes and parts become one.
// Promises: sums and greatest of f32, i32, u32; f16 is added up as f32; the greatest skips what is no number, as long as a number is there.
import { invariant } from '../../../diagnostics.ts';
import type { Expr } from '../../../3-graph/expr.ts';
import type { RowGroup } from '../../../5-optimize/groups.ts';
import { call, f32, get, i32, op } from '../code/code.ts';
import type { Code, Local } from '../code/code.ts';
import type { WasmMath } from '../math/math.ts';
import { fourOf, greatest, isFloat, laneOf, one } from '../scope/value.ts';
import type { Lanes, Value } from '../scope/value.ts';
import type { WasmScope } from '../scope/wasm-scope.ts';
import { binaryRules } from '../scope/functions.ts';

export type Reduction = RowGroup['reductions'][number];

/** Consecutive reductions none of which needs another: they share one walk along the row. */
export function stagesOf(reductions: readonly Reduction[], scope: WasmScope): readonly (readonly Reduction[])[] {
  const stages: Reduction[][] = [];
  for (const reduction of reductions) {
    const stage = stages.at(-1);
    const needs = scope.variables(reduction.value);
    if (!stage || stage.some(({ result }) => needs.includes(result))) stages.push([reduction]);
    else stage.push(reduction);
  }
  return stages;
}

/** What changes nothing. */
export function identity({ fn, value: { type } }: Reduction, lanes: Lanes): Code {
  const least = isFloat(type) ? -Infinity : type === 'u32' ? 0 : -2147483648;
  const start = fn === 'sum' ? 0 : least;
  const single = one(type, isFloat(type) ? f32(start) : i32(start));
  return lanes === 4 ? fourOf(single) : single.code;
}

/** Of as many lanes each. */
export function combine(reduction: Reduction, lanes: Lanes, total: Local, code: Code, scope: WasmScope): Code {
  const { fn, value } = reduction;
  const [x, y]: Value[] = [get(total), code].map((side) => ({ type: value.type, lanes, code: side }));
  invariant(x && y, 'two sides');
  const rule = binaryRules[fn === 'sum' ? 'add' : 'max'];
  return rule(x, y, { math: scope.math, keep: (kept) => scope.keep(kept) }).code;
}

/** total with the value of an element taken in. A product is added in one instruction where the target has it. */
export function taken(reduction: Reduction, value: Expr, lanes: Lanes, total: Local, scope: WasmScope): Code {
  if (reduction.fn === 'sum' && lanes === 4 && isFloat(value.type) && value.kind === 'binary' && value.fn === 'mul')
    return scope.math.fma(fourOf(scope.value(value.x)), fourOf(scope.value(value.y)), get(total));
  const found = scope.expr(value);
  return combine(reduction, lanes, total, lanes === 4 ? fourOf(found) : found.code, scope);
}

/** The four lanes of a local as one. */
export function folded({ fn, value: { type } }: Reduction, lanes: Local, scope: WasmScope, math: WasmMath): Code {
  if (isFloat(type)) return call(fn === 'sum' ? math.sum : math.max, [get(lanes)]);
  const [first, ...rest] = [0, 1, 2, 3].map((lane) => scope.let(laneOf(type, get(lanes), lane)));
  invariant(first, 'four lanes');
  if (fn === 'sum') return rest.reduce((sum, lane) => op('i32.add', [sum, lane]), first);
  return rest.reduce((most, lane) => scope.let(greatest(most, lane)), first);
}
