// Takes: a norm's construct. Gives: its NormSpec, QkNormSpec.
import type { NormSpec, QkNormSpec } from '../model.ts';
import type { normKind, qkNormKind } from '../schema/norm-kinds.ts';
import type { BuiltBy } from '../schema/register.ts';

export function normSpec({ constructor, keys }: BuiltBy<typeof normKind>): NormSpec {
  const { eps, gain, bias, reduce, cast } = keys;
  return { kind: constructor, eps, gain, bias, reduce, cast };
}

/** `after = rope` wins over std's `before = rope`. */
export function qkNormSpec({ constructor, keys }: BuiltBy<typeof qkNormKind>): QkNormSpec {
  const { eps, gain, bias, reduce, cast, per, after } = keys;
  const order = after === null ? 'before_rope' : 'after_rope';
  return { kind: constructor, eps, gain, bias, reduce, cast, per, order };
}
