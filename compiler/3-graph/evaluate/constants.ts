// Takes: the data of a constant. Gives: its numbers, row-major.
// Promises: total over the kinds of data; float64 but where the data itself is said to be rounded.
import type { ConstantData } from '../../7-plan/plan.ts';

type DataOf<K extends ConstantData['kind']> = Extract<ConstantData, { readonly kind: K }>;

const rules: { readonly [K in ConstantData['kind']]: (data: DataOf<K>) => number[] } = {
  values: ({ values }) => [...values],
  rope_table: ({ fn, positions, inverseFrequencies, factor }) =>
    upTo(positions).flatMap((p) => inverseFrequencies.map((f) => Math[fn](p * f) * factor)),
  bias_table: ({ slopes, positions }) =>
    slopes.flatMap((slope) => upTo(positions).map((p) => toBfloat16(toBfloat16(slope) * toBfloat16(p)))),
};

export function constantValues(data: ConstantData): Float64Array {
  // The row of the data's own kind.
  const rule = rules[data.kind] as (data: ConstantData) => number[];
  return Float64Array.from(rule(data));
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The nearest number of 8 significant bits; of two equally near ones the even one. Not for subnormal numbers. */
function toBfloat16(x: number): number {
  if (x === 0) return 0;
  const step = 2 ** (Math.floor(Math.log2(Math.abs(x))) - 7);
  const [below, rest] = [Math.floor(x / step), (x / step) % 1];
  const up = rest > 0.5 || (rest === 0.5 && below % 2 === 1);
  return (up ? below + 1 : below) * step;
}
