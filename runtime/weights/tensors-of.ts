// Takes: a model. Gives: every tensor its checkpoints hold: parameters, then what training does not move.
// Promises: names and shapes as in weight maps.
import type { Model } from '../../compiler/2-check/model.ts';
import type { Parameter } from '../../compiler/2-check/parameters/parameter.ts';
import { parameters, states } from '../../compiler/2-check/parameters/parameters.ts';

export interface ModelTensor {
  readonly name: string;
  readonly role: 'parameter' | 'state';
  readonly shape: readonly number[];
  readonly init: Parameter['init'];
}

export function tensorsOf(model: Model): readonly ModelTensor[] {
  const as = (role: ModelTensor['role']) => ({ name, dims, init }: Parameter): ModelTensor => ({ name, role, shape: dims.map(({ size }) => size), init }); // prettier-ignore
  return [...parameters(model).map(as('parameter')), ...states(model).map(as('state'))];
}
