// Takes: the constants of a Plan.
// Gives: their numbers.
// Promises: angles are computed in float64 and rounded once, to f32.
import type { ConstantData, PlanTensor } from '../../../compiler/7-plan/plan.ts';
import { DeviceError } from '../device-error.ts';
import { dataOf } from './tensor-data.ts';
import type { TensorData } from './tensor-data.ts';

export function constantData(tensor: PlanTensor): TensorData {
  if (!tensor.data) throw new DeviceError(`the plan gives no values for its constant ${tensor.name}`);
  return tensor.data.kind === 'values' ? dataOf(tensor.type, tensor.data.values) : ropeTable(tensor.data);
}

type RopeTable = Extract<ConstantData, { kind: 'rope_table' }>;

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
