// Takes: programs and inputs. Gives: what the float64 oracle makes of them, and how far results are from it.
// Promises: the oracle sees the inputs as tensors hold them (f32, f16); it runs once for a program, however many kernels are held against it.
import { evaluateProgram } from '../../../compiler/5-optimize/evaluate-program.ts';
import type { Program } from '../../../compiler/5-optimize/groups.ts';
import { fromHalf, toHalf } from '../../../runtime/engine/data/tensor-data.ts';

export type Values = ReadonlyMap<string, ArrayLike<number>>;

interface Held {
  readonly rounded: Values;
  readonly expected: ReadonlyMap<string, Float64Array>;
}

const known = new WeakMap<Program, WeakMap<Values, Held>>();

/** Neither the program nor the values may change afterwards. */
export function oracleOf(program: Program, values: Values): Held {
  const runs = known.get(program) ?? new WeakMap<Values, Held>();
  known.set(program, runs);
  const found = runs.get(values);
  if (found) return found;
  const types = new Map(program.tensors.map(({ name, type }) => [name, type]));
  const round = (name: string, data: ArrayLike<number>): ArrayLike<number> => {
    if (types.get(name) === 'f32') return Float32Array.from(data);
    return types.get(name) === 'f16' ? Array.from(data, (x) => fromHalf(toHalf(x))) : data;
  };
  const rounded = new Map([...values].map(([name, data]) => [name, round(name, data)]));
  const held = { rounded, expected: evaluateProgram(program, rounded) };
  runs.set(values, held);
  return held;
}

/** The element furthest beyond its tolerance in words, or `equal`. */
export function worst(actual: Float64Array, expected: Float64Array, relative: number, absolute: number): string {
  if (actual.length !== expected.length) return `${actual.length} elements, not ${expected.length}`;
  let [most, at] = [1, -1];
  for (const [i, want] of expected.entries()) {
    const got = actual[i] ?? Number.NaN;
    if (got === want || (Number.isNaN(got) && Number.isNaN(want))) continue;
    const excess = Math.abs(got - want) / (absolute + relative * Math.abs(want));
    if (!(excess <= most)) [most, at] = [Number.isNaN(excess) ? Infinity : excess, i];
  }
  return at < 0 ? 'equal' : `element ${at}: ${actual[at]}, not ${expected[at]} (${most.toPrecision(3)} times the tolerance)`; // prettier-ignore
}
