// Takes: tokens. Gives: hidden states, logits, the loss of a whole model.
// Promises: the same function in every graph: forward, loss, generation, training.
import type { NormSpec, TrainSpec } from '../../2-check/model.ts';
import { add, mul } from '../expr-build.ts';
import { elementwise } from '../node-build.ts';
import type { Node } from '../ops.ts';
import { lowerLayer } from './lower-block.ts';
import { dropout, norm, positions, scale, softcap, weight } from './lowering.ts';
import type { Lowering } from './lowering.ts';

/** The norm of the embedding or the head, if it has one. */
function lowerNorm(l: Lowering, name: string, spec: NormSpec | null, x: Node): Node {
  return spec ? l.builder.at({ path: 'norm' }, () => norm(l, name, spec, x, 'd_model')) : x;
}

/** tokens i32 [batch, seq] -> [batch, seq, d_model] */
function lowerEmbed(l: Lowering, tokens: Node): Node {
  const { embed } = l.model;
  let x: Node = l.builder.add('gather', { dim: 'vocab' }, [weight(l, 'embed.weight'), tokens]);
  x = scale(l, x, embed.scale);
  if (embed.positions) {
    const rows = [weight(l, 'embed.positions'), positions(l, embed.positions.length)];
    x = elementwise(l.builder, [x, l.builder.add('gather', { dim: 'position' }, rows)], add);
  }
  x = lowerNorm(l, 'embed.norm', embed.norm, x);
  return dropout(l, x, 'embed');
}

/** tokens i32 [batch, seq] -> hidden states before the head, [batch, seq, d_model] */
export function lowerTrunk(l: Lowering, tokens: Node): Node {
  const x = l.builder.at({ path: 'embed', span: l.model.span }, () => lowerEmbed(l, tokens));
  return l.model.layers.reduce((y, layer) => lowerLayer(l, layer, y), x);
}

/** softcap((norm(x) W^T + b) * scale): [.., d_model] -> logits [.., vocab] */
export function lowerHead(l: Lowering, hidden: Node): Node {
  const { head, embed } = l.model;
  return l.builder.at({ path: 'head', span: l.model.span }, () => {
    const x = lowerNorm(l, 'head.norm', head.norm, hidden);
    const matrix = weight(l, embed.tied ? 'embed.weight' : 'head.weight');
    let logits: Node = l.builder.add('contract', { over: ['d_model'] }, [x, matrix]);
    if (head.bias) logits = elementwise(l.builder, [logits, weight(l, 'head.bias')], add);
    logits = scale(l, logits, head.scale);
    const cap = head.softcap;
    return cap === null ? logits : elementwise(l.builder, [logits], (z) => softcap(z, cap));
  });
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
