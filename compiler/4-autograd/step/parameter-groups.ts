// Takes: parameters and the optimizers of a train block. Gives: which optimizer steps which parameter, and what decays.
// Promises: every parameter has exactly one optimizer.
import type { OptimizerSpec, ParameterClass } from '../../2-check/model.ts';
import type { Parameter } from '../../2-check/parameters/parameter.ts';
import { invariant } from '../../diagnostics.ts';

function named(parameter: Parameter, classes: readonly ParameterClass[]): boolean {
  return classes.some((name) => name === 'all' || name === parameter.class);
}

/** The optimizer of a parameter: the one that names its class, else the one for the `rest`. */
export function optimizerOf(parameter: Parameter, optimizers: readonly OptimizerSpec[]): OptimizerSpec {
  const naming = optimizers.filter((spec) => named(parameter, spec.params));
  const [only, second] = naming.length > 0 ? naming : optimizers.filter((spec) => spec.params.includes('rest'));
  invariant(only, `no optimizer for parameter ${parameter.name} of class ${parameter.class}`);
  invariant(!second, `two optimizers for parameter ${parameter.name} of class ${parameter.class}`);
  return only;
}

/** The weight decay of a parameter, 0 for the classes of `no_decay`. */
export function weightDecay(parameter: Parameter, spec: OptimizerSpec): number {
  return named(parameter, spec.noDecay) ? 0 : spec.weightDecay;
}
