// Takes: where elements lie. Gives: the code that loads and stores them.
// Promises: total over scalar types; a bool is stored as a u32, an f16 in two bytes.
import { call, effect, i32, i32x4, op, when } from '../code/code.ts';
import type { Code, Statement } from '../code/code.ts';
import type { ScalarType } from '../../../3-graph/types.ts';
import type { WasmMath } from '../math/math.ts';
import { four, fourOf, isFloat, laneOf, lanesOf, one } from './value.ts';
import type { Value } from './value.ts';

export interface Cell {
  readonly address: Code;
  /** Bytes added to the address. */
  readonly offset: number;
  /** Whether the element is there at all, where that is not certain (stores only). */
  readonly guard?: Code;
}

/** One element, four side by side, or four anywhere. */
export type Place =
  { readonly kind: 'one' | 'row'; readonly cell: Cell } | { readonly kind: 'apart'; readonly cells: readonly Cell[] };

export const elementBytes = (type: ScalarType): number => (type === 'f16' ? 2 : 4);

export function loadFrom(place: Place, type: ScalarType, math: WasmMath): Value {
  if (place.kind === 'apart') return gathered(place.cells, type, math);
  const { address, offset } = place.cell;
  if (place.kind === 'row') {
    if (type === 'f16') return four(type, call(math.halfToFloat, [op('v128.load16x4_u', [address], { offset })]));
    const code = op('v128.load', [address], { offset });
    return four(type, type === 'bool' ? op('i32x4.ne', [code, i32x4(0)]) : code);
  }
  if (type === 'f16') {
    const half = op('i32x4.splat', [op('i32.load16_u', [address], { offset })]);
    return one(type, op('f32x4.extract_lane', [call(math.halfToFloat, [half])], { lane: 0 }));
  }
  const code = op(isFloat(type) ? 'f32.load' : 'i32.load', [address], { offset });
  return one(type, type === 'bool' ? op('i32.ne', [code, i32(0)]) : code);
}

function gathered(cells: readonly Cell[], type: ScalarType, math: WasmMath): Value {
  if (type === 'f16') {
    const halves = cells.map(({ address, offset }) => op('i32.load16_u', [address], { offset }));
    return four(type, call(math.halfToFloat, [lanesOf(halves)]));
  }
  const [first, ...rest] = cells;
  const start = first ? op('v128.load32_zero', [first.address], { offset: first.offset }) : i32x4(0);
  const code = rest.reduce(
    (all, { address, offset }, i) => op('v128.load32_lane', [address, all], { offset, lane: i + 1 }),
    start,
  );
  return four(type, type === 'bool' ? op('i32x4.ne', [code, i32x4(0)]) : code);
}

/** The value of four lanes is simple. */
export function storeTo(place: Place, { type, lanes, code }: Value, math: WasmMath): readonly Statement[] {
  if (place.kind === 'apart') return place.cells.flatMap((cell, lane) => storeOne(cell, type, lanes === 4 ? laneOf(type, code, lane) : code, math)); // prettier-ignore
  if (place.kind === 'one') return storeOne(place.cell, type, lanes === 4 ? laneOf(type, code, 0) : code, math);
  const { address, offset, guard } = place.cell;
  const all = fourOf({ type, lanes, code });
  if (type === 'f16') {
    const halves = call(math.floatToHalf, [all]);
    return guarded(guard, effect('v128.store64_lane', [address, op('i16x8.narrow_i32x4_u', [halves, i32x4(0)])], { offset, lane: 0 })); // prettier-ignore
  }
  const stored = type === 'bool' ? op('v128.and', [all, i32x4(1)]) : all;
  return guarded(guard, effect('v128.store', [address, stored], { offset }));
}

function storeOne(
  { address, offset, guard }: Cell,
  type: ScalarType,
  code: Code,
  math: WasmMath,
): readonly Statement[] {
  if (type === 'f16') {
    const half = op('i32x4.extract_lane', [call(math.floatToHalf, [op('f32x4.splat', [code])])], { lane: 0 });
    return guarded(guard, effect('i32.store16', [address, half], { offset }));
  }
  return guarded(guard, effect(isFloat(type) ? 'f32.store' : 'i32.store', [address, code], { offset }));
}

const guarded = (guard: Code | undefined, store: Statement): readonly Statement[] =>
  guard ? [when(guard, [store])] : [store];
