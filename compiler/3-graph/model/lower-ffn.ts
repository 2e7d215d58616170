// Takes: the input of a feed-forward part. Gives: its output, d_model wide.
// Promises: activations are maps, which fuse into the matmuls around them.
import type { FfnSpec } from '../../2-check/model.ts';
import { invariant } from '../../diagnostics.ts';
import type { Node } from '../ops.ts';
import { activate } from './activations.ts';
import { linear, norm } from './lowering.ts';
import type { Lowering } from './lowering.ts';

/** The feed-forward part called `name` (`layers.0.mlp`); x, result: [batch, seq, d_model]. */
export function lowerFfn(l: Lowering, name: string, spec: FfnSpec, x: Node): Node {
  invariant(spec.kind === 'glu' || spec.kind === 'mlp', `ffn ${spec.kind} reached the lowering`);
  const project = (part: string, y: Node) => l.builder.at({ path: part }, () => linear(l, `${name}.${part}`, y));
  // [batch, seq, width]
  const hidden =
    spec.kind === 'glu'
      ? activate(l, name, spec.act, project('gate', x), project('up', x))
      : activate(l, name, spec.act, project('up', x));
  const inner = spec.norm;
  const normed = inner ? l.builder.at({ path: 'norm' }, () => norm(l, `${name}.norm`, inner, hidden, 'width')) : hidden;
  return project('down', normed);
}
