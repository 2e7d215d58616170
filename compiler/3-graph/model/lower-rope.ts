// Takes: heads of queries or keys. Gives: the same, the leading dims of each head rotated by position.
// Promises: one pair of tables per rope, shared by all layers that have it.
import type { RopeSpec } from '../../2-check/model.ts';
import type { Node } from '../ops.ts';
import { positions } from './lowering.ts';
import type { Lowering } from './lowering.ts';
import { ropeFrequencies } from './rope-frequencies.ts';

/** cos or sin of the angle of each (position, rotated dim), for the tokens of this run: [seq, head_dim]. */
function table(l: Lowering, spec: RopeSpec, fn: 'cos' | 'sin'): Node {
  const { inverse, factor } = ropeFrequencies(spec);
  // Both elements of a pair turn by the same angle.
  const inverseFrequencies =
    spec.pairing === 'half' ? [...inverse, ...inverse] : inverse.flatMap((frequency) => [frequency, frequency]);
  const { context } = l.model;
  const dims = [
    { name: 'position', size: context },
    { name: 'head_dim', size: spec.dim },
  ];
  const data = { kind: 'rope_table', fn, positions: context, inverseFrequencies, factor } as const;
  const all = l.builder.add('constant', { data, type: { type: 'f32', dims } }, []);
  return l.builder.add('gather', { dim: 'position' }, [all, positions(l, context)]);
}

/** x: [batch, seq, .., head_dim]; the first `spec.dim` of head_dim turn, the rest stays. */
export function lowerRope(l: Lowering, spec: RopeSpec, headDim: number, x: Node): Node {
  const { builder } = l;
  const part = (start: number, size: number) => builder.add('slice', { dim: 'head_dim', start, size }, [x]);
  const rotate = (y: Node) =>
    builder.add('rope', { dim: 'head_dim', pairing: spec.pairing }, [y, table(l, spec, 'cos'), table(l, spec, 'sin')]);
  if (spec.dim === headDim) return rotate(x);
  const rest = part(spec.dim, headDim - spec.dim);
  return builder.add('concat', { dim: 'head_dim' }, [rotate(part(0, spec.dim)), rest]);
}
