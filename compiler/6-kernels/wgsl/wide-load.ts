// Takes: loads of tensors. Gives: their index in steps of 16 bytes, where the neighbours in such a step lie side by side.
// Promises: a function of layouts and sizes alone; what is read 16 bytes at a time is aligned and within the tensor.
import type { Expr } from '../../3-graph/expr.ts';
import type { Axis, Program } from '../../5-optimize/groups.ts';
import type { Linear } from '../analysis/linear.ts';
import { pointCount } from '../analysis/touched.ts';
import type { WgslScope } from './wgsl-scope.ts';

/** Halves in a `vec4u`. */
export const OCTET = 8;

/** Numbers in a `vec4f`. */
export const QUAD = 4;

/**
 * The flat index of a load in units of 8 elements, its variable `axis` standing for a number of 8 points each: to print with
 * `WgslScope.octet` where `axis` is bound with an eighth of its size. Null where 8 points of `axis` are not 8 neighbours.
 * `scope`: one that binds all axes of the load with the sizes they have.
 */
export function wideIndex(program: Program, scope: WgslScope, load: Expr, axis: Axis): Linear | null {
  return load.type === 'f16' ? stepIndex(program, scope, load, axis, OCTET) : null;
}

/** The same of numbers in f32, in units of 4, to print with `WgslScope.quad`. */
export function quadIndex(program: Program, scope: WgslScope, load: Expr, axis: Axis): Linear | null {
  return load.type === 'f32' ? stepIndex(program, scope, load, axis, QUAD) : null;
}

/** The same of halves or of numbers in f32, in units of 8: one `vec4u`, or two `vec4f`. */
export function octetIndex(program: Program, scope: WgslScope, load: Expr, axis: Axis): Linear | null {
  return load.type === 'f16' || load.type === 'f32' ? stepIndex(program, scope, load, axis, OCTET) : null;
}

function stepIndex(program: Program, scope: WgslScope, load: Expr, axis: Axis, step: number): Linear | null {
  if (load.kind !== 'load' || axis.size % step !== 0) return null;
  const tensor = program.tensors.find(({ id }) => id === load.tensor);
  if (!tensor || pointCount(tensor.dims) % step !== 0) return null;
  const { constant, terms } = scope.flatIndex(load.tensor, load.index);
  const isAxis = (atom: Expr): boolean => atom.kind === 'var' && atom.name === axis.name;
  const along = terms.find(({ atom }) => isAxis(atom));
  const others = terms.filter(({ atom }) => !isAxis(atom));
  if (along?.coefficient !== 1 || constant % step !== 0) return null;
  if (others.some(({ atom, coefficient }) => coefficient % step !== 0 || scope.variables(atom).includes(axis.name)))
    return null;
  const steps = others.map(({ atom, coefficient }) => ({ atom, coefficient: coefficient / step }));
  return { constant: constant / step, terms: [along, ...steps] };
}
