// Takes: the tensors of a program. Gives: how each is stored.
// Promises: sizes in bytes are multiples of 4, as bindings must be.
import type { ProgramTensor } from '../5-optimize/groups.ts';
import type { ScalarType } from '../3-graph/types.ts';
import type { StorageType } from './plan.ts';

/** bool is stored as u32: WGSL has no storage for it. */
export function storageType(type: ScalarType): StorageType {
  return type === 'bool' ? 'u32' : type;
}

export function elementCount(tensor: ProgramTensor): number {
  return tensor.dims.reduce((count, dim) => count * dim.size, 1);
}

export function elementBytes({ type }: ProgramTensor): number {
  return type === 'f16' ? 2 : 4;
}

export function tensorBytes(tensor: ProgramTensor): number {
  return Math.ceil((elementCount(tensor) * elementBytes(tensor)) / 4) * 4;
}
