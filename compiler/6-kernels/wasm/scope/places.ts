// Takes: an index as code. Gives: where the elements lie in memory.
// Promises: a place that is not certain is checked: a load gives an element of the tensor, a store does nothing.
import { add, i32, i32x4, mul, op } from '../code/code.ts';
import type { Code } from '../code/code.ts';
import type { Cell, Place } from './memory.ts';
import { keyOf } from './spaces.ts';
import type { Memo } from './spaces.ts';
import { greatest, laneOf, least } from './value.ts';

/** coefficient * value, computed in `scope`; equal keys are equal values. */
export interface IndexTerm<Scope> {
  readonly key: string;
  readonly code: Code;
  readonly coefficient: number;
  readonly scope: Scope;
}

/** An index: one number, `step` more for each lane, and what differs between the lanes otherwise. */
export interface Index<Scope> {
  readonly constant: number;
  readonly terms: readonly IndexTerm<Scope>[];
  readonly step: number;
  readonly apart: readonly { readonly code: Code; readonly coefficient: number }[];
}

/** What the scope in which the place is needed does for it. */
export interface PlaceWriter<Scope> {
  /** Of the tensor's first element. */
  readonly address: Code;
  /** A local of the scope. */
  readonly let: (code: Code, prefix?: string) => Code;
  /** A local of the outermost scope. */
  readonly outermost: Memo;
  /** start + the sum of scale * terms; what inner scopes do not change is added up outside of them. */
  readonly sum: (start: Code, terms: readonly IndexTerm<Scope>[], scale: number) => Code;
}

export function certainPlace<S>(
  writer: PlaceWriter<S>,
  { constant, terms, step, apart }: Index<S>,
  bytes: number,
): Place {
  // An offset is added to an address without wrapping around, so an index that falls begins at its constant.
  const falls = terms.some(({ coefficient }) => coefficient < 0);
  const shift = falls ? constant * bytes : 0;
  const { address: origin } = writer;
  const start = falls ? writer.outermost(`${keyOf(origin)}+${shift}`, () => add(origin, i32(shift))) : origin;
  const address = writer.sum(start, terms, bytes);
  const left = falls ? 0 : constant;
  const cell = (extra: number): Cell => {
    const offset = (left + extra) * bytes;
    return offset >= 0 ? { address, offset } : { address: add(address, i32(offset)), offset: 0 };
  };
  if (apart.length > 0) {
    const index = writer.let(scaledSum(i32x4(left, left + step, left + 2 * step, left + 3 * step), apart), 'index');
    const at = (lane: number): Code => add(address, mul(laneOf('i32', index, lane), i32(bytes)));
    return { kind: 'apart', cells: [0, 1, 2, 3].map((lane) => ({ address: at(lane), offset: 0 })) };
  }
  if (step === 0) return { kind: 'one', cell: cell(0) };
  if (step === 1) return { kind: 'row', cell: cell(0) };
  return { kind: 'apart', cells: [0, 1, 2, 3].map((lane) => cell(lane * step)) };
}

/** Four side by side may begin before the first element, or end behind the last of `size`: tensors lie apart. */
export function checkedPlace<S>(
  writer: PlaceWriter<S>,
  { constant, terms, step, apart }: Index<S>,
  bytes: number,
  size: number,
  use: 'load' | 'store',
): Place {
  const first = writer.let(writer.sum(i32(constant), terms, 1), 'index');
  const at = (index: Code, before: number, last: number): Cell => {
    const address = (inside: Code): Code => add(writer.address, mul(inside, i32(bytes)));
    if (use === 'load') {
      const below = writer.let(least(index, i32(last)));
      return { address: address(writer.let(greatest(i32(before), below), 'inside')), offset: 0 };
    }
    const guard = op('i32.and', [op('i32.ge_s', [index, i32(0)]), op('i32.le_s', [index, i32(last)])]);
    return { address: address(index), offset: 0, guard };
  };
  if (apart.length === 0 && step === 0) return { kind: 'one', cell: at(first, 0, size - 1) };
  if (apart.length === 0 && step === 1)
    return { kind: 'row', cell: use === 'load' ? at(first, -3, size - 1) : at(first, 0, size - 4) };
  const ramp = op('i32x4.add', [op('i32x4.splat', [first]), i32x4(0, step, 2 * step, 3 * step)]);
  const index = writer.let(scaledSum(ramp, apart), 'index');
  const lane = (number: number): Code => writer.let(laneOf('i32', index, number), 'lane');
  return { kind: 'apart', cells: [0, 1, 2, 3].map((number) => at(lane(number), 0, size - 1)) };
}

function scaledSum<S>(start: Code, parts: Index<S>['apart']): Code {
  return parts.reduce((total, { code, coefficient }) => {
    const scaled = coefficient === 1 ? code : op('i32x4.mul', [code, i32x4(coefficient)]);
    return op('i32x4.add', [total, scaled]);
  }, start);
}
