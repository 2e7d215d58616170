// Takes: short descriptions. Gives: programs of one group, for the tests of kernels.
// Promises: tensors are numbered in the order given; axes of the same name have the same size.
import type { Expr } from '../../compiler/3-graph/expr.ts';
import { load, variable } from '../../compiler/3-graph/expr-build.ts';
import type { ScalarType } from '../../compiler/3-graph/types.ts';
import type { Axis, Group, Program, ProgramTensor } from '../../compiler/5-optimize/groups.ts';

export const axis = (name: string, size: number): Axis => ({ name, size });
export const at = (name: string): Expr => variable(name, 'i32');

export type TensorSpec = readonly [name: string, role: ProgramTensor['role'], dims: readonly Axis[], type?: ScalarType];

export function program(tensors: readonly TensorSpec[], ...groups: readonly Group[]): Program {
  const made = tensors.map(([name, role, dims, type = 'f32'], id) => ({ id, name, role, type, dims }));
  return { name: 'test', tensors: made, groups };
}

/** tensor[axes...], each index the variable of its axis. */
export const element = (tensor: number, axes: readonly Axis[], type: ScalarType = 'f32'): Expr =>
  load(tensor, axes.map((one) => at(one.name)), type); // prettier-ignore

/** Deterministic numbers in [-1, 1), the same in every run. */
export function numbers(count: number, seed = 1): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32) * 2 - 1;
  });
}
