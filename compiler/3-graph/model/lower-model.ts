// Takes: tokens. Gives: hidden states, the loss of a whole model.
// Promises: the same function in every graph: forward, loss, generation, training.
import type { TrainSpec } from '../../2-check/model.ts';
import { mul } from '../expr-build.ts';
import { elementwise } from '../node-build.ts';
import type { Node } from '../ops.ts';
import { lowerLayer } from './lower-block.ts';
import { lowerEmbed, lowerHead } from './lower-ends.ts';
import type { Lowering } from './lowering.ts';

/** tokens i32 [batch, seq] -> hidden states before the head, [batch, seq, d_model] */
export function lowerTrunk(l: Lowering, tokens: Node): Node {
  const x = l.builder.at({ path: 'embed', span: l.model.span }, () => lowerEmbed(l, tokens));
  return l.model.layers.reduce((y, layer) => lowerLayer(l, layer, y), x);
}

/**
 * The sum of the losses of all labels times `lossScale` (f32 [], 1 / number of labels that count): f32 [].
 * tokens, labels: i32 [batch, seq].
 */
export function lowerLoss(
  l: Lowering,
  spec: TrainSpec['loss'],
  data: { readonly tokens: Node; readonly labels: Node; readonly lossScale: Node },
): Node {
  const logits = lowerHead(l, lowerTrunk(l, data.tokens));
  return l.builder.at({ path: 'loss' }, () => {
    const losses = l.builder.add('cross_entropy', { dim: 'vocab', ...spec }, [logits, data.labels]);
    const total = l.builder.add('reduce', { fn: 'sum', dims: ['batch', 'seq'] }, [losses]);
    return elementwise(l.builder, [total, data.lossScale], mul);
  });
}
