// Takes: an activation. Gives: its name, its parameters, the constants that a checkpoint holds; relative to it.
// Promises: total over activations; one without parameters has neither.
import type { Activation, ActivationName } from '../model.ts';
import { constant, dim, vector, within, type Parameter } from './parameter.ts';

/** By which tables of activations are indexed. */
export function actName(act: Activation): ActivationName {
  return typeof act === 'string' ? act : act.kind;
}

/** alpha_p, alpha_n [1] of xIELU: what softplus makes p and n - beta of. */
export function activationParameters(act: Activation): Parameter[] {
  if (typeof act === 'string') return [];
  const start = (name: string, value: number): Parameter =>
    vector(name, [dim('one', 1)], constant(Math.log(Math.expm1(value))));
  return within('act', [start('alpha_p', act.alphaP), start('alpha_n', act.alphaN - act.beta)]);
}

/** beta, eps [] of xIELU. */
export function activationStates(act: Activation): Parameter[] {
  if (typeof act === 'string') return [];
  return within('act', [vector('beta', [], constant(act.beta)), vector('eps', [], constant(act.eps))]);
}
