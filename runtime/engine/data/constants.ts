// Takes: the constants of a Plan.
// Gives: their numbers.
// Promises: angles are computed in float64 and rounded once, to f32.
import type { ConstantData, PlanTensor } from '../../../compiler/7-plan/plan.ts';
import { DeviceError } from '../device-error.ts';
import { dataOf } from './tensor-data.ts';
import type { TensorData } from './tensor-data.ts';

export function constantData(tensor: PlanTensor): TensorData {
  if (!tensor.data) throw new DeviceError(`the plan gives no values for its constant ${tensor.name}`);
  // The row of the data's own kind.
  const rule = rules[tensor.data.kind] as (data: ConstantData, tensor: PlanTensor) => TensorData;
  return rule(tensor.data, tensor);
}

type DataOf<K extends ConstantData['kind']> = Extract<ConstantData, { readonly kind: K }>;
type RopeTable = DataOf<'rope_table'>;

const rules: { readonly [K in ConstantData['kind']]: (data: DataOf<K>, tensor: PlanTensor) => TensorData } = {
  values: ({ values }, { type }) => dataOf(type, values),
  rope_table: ropeTable,
  bias_table: biasTable,
};

/** [positions, inverseFrequencies]: fn(p * inverseFrequencies[j]) * factor. */
export function ropeTable({ fn, positions, inverseFrequencies, factor }: RopeTable): Float32Array<ArrayBuffer> {
  const table = new Float32Array(positions * inverseFrequencies.length);
  const angle = fn === 'cos' ? Math.cos : Math.sin;
  let at = 0;
  for (let position = 0; position < positions; position++) {
    for (const frequency of inverseFrequencies) table[at++] = angle(position * frequency) * factor;
  }
  return table;
}

/** [slopes, positions]: slopes[h] * p, both factors and the product rounded to bfloat16. */
function biasTable({ slopes, positions }: DataOf<'bias_table'>): Float32Array<ArrayBuffer> {
  const table = new Float32Array(slopes.length * positions);
  const places = roundToBfloat16(Float32Array.from({ length: positions }, (_, position) => position));
  roundToBfloat16(Float32Array.from(slopes)).forEach((slope, h) => {
    for (let position = 0; position < positions; position++)
      table[h * positions + position] = slope * (places[position] ?? Number.NaN);
  });
  return roundToBfloat16(table);
}

/** In place: the upper 16 bits of each number, to nearest, ties to even. */
function roundToBfloat16(numbers: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(numbers.buffer);
  for (const [i, word] of bits.entries()) bits[i] = (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000;
  return numbers;
}
