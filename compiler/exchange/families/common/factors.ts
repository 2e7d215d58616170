// Takes: a model. Gives: the number that its branches are multiplied by before they are added.
// Promises: 1 where there is none; one for all branches, else a ConfigError.
import type { BlockExpr, Model } from '../../../2-check/model.ts';
import { ConfigError } from '../../config-error.ts';

/** m of `h = x + m * attn(...)`. @throws ConfigError when branches have different ones */
export function branchFactor({ layers }: Model): number {
  const [factor = 1, ...others] = new Set(layers.flatMap(({ equations }) => equations.flatMap(({ value }) => factorsOf(value)))); // prettier-ignore
  if (others.length > 0) throw new ConfigError('its branches have different multipliers');
  return factor;
}

/** Of a sum that has a reference on its left: the numbers of the terms added to it. */
function factorsOf(expr: BlockExpr): number[] {
  if (expr.kind !== 'arithmetic' || expr.operator !== '+') return [];
  const { left, right } = expr;
  const scaled = right.kind === 'arithmetic' && right.operator === '*' && right.left.kind === 'number';
  return [...factorsOf(left), scaled && right.left.kind === 'number' ? right.left.value : 1];
}
