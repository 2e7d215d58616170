// Takes: whether the engine has relaxed SIMD. Gives: the functions kernels call.
// Promises: one object per function, so that a module holds each once.
import { op } from '../code/code.ts';
import type { WasmFunction } from '../code/code.ts';
import { elementary } from './elementary.ts';
import type { ElementaryName } from './elementary.ts';
import { floatToHalf, halfToFloat } from './half.ts';
import { define1, fmaFor } from './lane-math.ts';
import type { Fma } from './lane-math.ts';
import { random, streamKey } from './random.ts';

/** Elementary functions take and give four f32; pow takes two times four. */
export interface WasmMath extends Readonly<Record<ElementaryName, WasmFunction>> {
  /** Over the four lanes: v128 -> f32. */
  readonly sum: WasmFunction;
  readonly max: WasmFunction;
  /** x * y + z: feature `relaxed-simd` does it in one instruction. */
  readonly fma: Fma;
  /** (seed, stream) -> key, all i32. */
  readonly streamKey: WasmFunction;
  /** (key, four i32 counters) -> four f32 in [0, 1). */
  readonly random: WasmFunction;
  /** Four u16 in i32 lanes -> four f32. */
  readonly halfToFloat: WasmFunction;
  /** Four f32 -> four u16 in i32 lanes. */
  readonly floatToHalf: WasmFunction;
}

export function mathFor(relaxed: boolean): WasmMath {
  return relaxed ? withRelaxed : without;
}

/** Halves, then the two lanes left. */
function overLanes(name: string, instruction: 'f32x4.add' | 'f32x4.pmax'): WasmFunction {
  return define1(name, (keep, x) => {
    const halves = keep(op(instruction, [x, op('i8x16.shuffle', [x, x], { shuffle: [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7] })])); // prettier-ignore
    const both = op(instruction, [halves, op('i8x16.shuffle', [halves, halves], { shuffle: [4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11] })]); // prettier-ignore
    return op('f32x4.extract_lane', [both], { lane: 0 });
  });
}

const sum = overLanes('sum', 'f32x4.add');
const max = overLanes('max', 'f32x4.pmax');

function make(relaxed: boolean): WasmMath {
  return { ...elementary(relaxed), sum, max, fma: fmaFor(relaxed), streamKey, random, halfToFloat, floatToHalf };
}

const withRelaxed = make(true);
const without = make(false);
