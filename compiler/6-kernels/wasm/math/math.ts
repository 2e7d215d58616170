// Takes: whether multiply-add may be relaxed. Gives: the functions of the expression language on four lanes of f32, and what kernels do across lanes.
// Promises: the same objects for the same argument; finite for every finite argument where the function's value is finite; NaN stays NaN.
import { get, local, op, set } from '../code/code.ts';
import type { Code, WasmFunction } from '../code/code.ts';
import { erfFor, expFor, sigmoidFor, tanhFor } from './exponential.ts';
import { floatToHalf, halfToFloat } from './half.ts';
import { fmaFor } from './lanes.ts';
import type { Fma } from './lanes.ts';
import { logFor, powFor } from './logarithm.ts';
import { random, streamKey } from './random.ts';
import { cosFor, sinFor } from './trigonometry.ts';

/** Elementary functions take and give four f32. Beside them: greatest error in units of 2^-23 of the value over sweeps, ns for four relaxed (AMD EPYC, Node 20). */
export interface WasmMath {
  /** 0.8 units, 1.5 ns. */
  readonly exp: WasmFunction;
  /** 0.7 units, 4.2 ns. */
  readonly log: WasmFunction;
  /** 1.8 units, 2.0 ns. */
  readonly tanh: WasmFunction;
  /** 1.2 units, 1.8 ns. */
  readonly sigmoid: WasmFunction;
  /** 0.8 units, 4.8 ns. */
  readonly erf: WasmFunction;
  /** 1 unit of 1 for |x| <= 1e5, 1.6 ns. */
  readonly sin: WasmFunction;
  readonly cos: WasmFunction;
  /** (x, y): 9 units, 10 ns. */
  readonly pow: WasmFunction;
  /** Four lanes to one f32: (x0 + x2) + (x1 + x3). */
  readonly sum: WasmFunction;
  /** Four lanes to one f32; NaN if one is. */
  readonly max: WasmFunction;
  /** x * y + z. */
  readonly fma: Fma;
  /** (seed, stream), i32: the key that `random` takes. */
  readonly streamKey: WasmFunction;
  /** (key, four i32 counters): four f32 in [0, 1). */
  readonly random: WasmFunction;
  /** Four f16 in the low bits of i32 lanes to four f32. */
  readonly halfToFloat: WasmFunction;
  readonly floatToHalf: WasmFunction;
}

/** Four lanes to one by `fold`, the halves first. */
function folded(name: 'sum' | 'max', fold: 'add' | 'max'): WasmFunction {
  const x = local('x', 'v128');
  const half = local('half', 'v128');
  const swapped = op('i8x16.shuffle', [get(x), get(x)], { shuffle: [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7] }); // prettier-ignore
  const lane = (i: number): Code => op('f32x4.extract_lane', [get(half)], { lane: i });
  const body = [set(half, op(`f32x4.${fold}`, [get(x), swapped]))];
  return { name, params: [x], body, result: op(`f32.${fold}`, [lane(0), lane(1)]) };
}

const sum = folded('sum', 'add');
const max = folded('max', 'max');

function mathOf(relaxed: boolean): WasmMath {
  const fma = fmaFor(relaxed);
  return {
    exp: expFor(fma),
    log: logFor(fma),
    tanh: tanhFor(fma),
    sigmoid: sigmoidFor(fma),
    erf: erfFor(fma),
    sin: sinFor(fma),
    cos: cosFor(fma),
    pow: powFor(fma),
    sum,
    max,
    fma,
    streamKey,
    random,
    halfToFloat,
    floatToHalf,
  };
}

const [plain, withRelaxed] = [mathOf(false), mathOf(true)];

export const mathFor = (relaxed: boolean): WasmMath => (relaxed ? withRelaxed : plain);
