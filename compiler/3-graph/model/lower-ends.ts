// Takes: tokens, the last hidden states. Gives: the embedding with its positions, the logits.
// Promises: logits are those of the vocabulary: rows of a padded matrix beyond it are never read.
import type { NormSpec, SinusoidalSpec, TransformSpec } from '../../2-check/model.ts';
import { add } from '../expr-build.ts';
import { elementwise } from '../node-build.ts';
import type { Node } from '../ops.ts';
import { activate } from './activations.ts';
import { dropout, linear, norm, positions, scale, softcap, weight } from './lowering.ts';
import type { Lowering } from './lowering.ts';

/** The norm of an end, if it has one. */
function lowerNorm(l: Lowering, name: string, spec: NormSpec | null, x: Node): Node {
  return spec ? l.builder.at({ path: 'norm' }, () => norm(l, name, spec, x, 'd_model')) : x;
}

/** tokens i32 [batch, seq] -> [batch, seq, d_model] */
export function lowerEmbed(l: Lowering, tokens: Node): Node {
  const { embed } = l.model;
  let x: Node = l.builder.add('gather', { dim: 'vocab' }, [weight(l, 'embed.weight'), tokens]);
  x = scale(l, x, embed.scale);
  if (embed.factor) x = linear(l, 'embed.project', x);
  if (embed.positions) {
    const { length, offset } = embed.positions;
    x = elementwise(l.builder, [x, rowsAt(l, weight(l, 'embed.positions'), length, offset)], add);
  }
  if (embed.sinusoidal) x = elementwise(l.builder, [x, waves(l, embed.sinusoidal)], add);
  x = lowerNorm(l, 'embed.norm', embed.norm, x);
  return dropout(l, x, 'embed');
}

/** Rows position + offset of a table [length + offset, ..] for the tokens of this run: [seq, ..] */
function rowsAt(l: Lowering, table: Node, length: number, offset: number): Node {
  const index = elementwise(l.builder, [positions(l, length)], (position) => add(position, offset));
  return l.builder.add('gather', { dim: 'position' }, [table, index]);
}

/** [sin(p w_i), cos(p w_i)], p = position + offset: [seq, d_model]; a last column of zeros where d_model is odd. */
function waves(l: Lowering, { theta, offset, spacing }: SinusoidalSpec): Node {
  const { builder, model } = l;
  const half = Math.floor(model.dModel / 2);
  const steps = spacing === 'open' ? model.dModel / 2 : half - 1;
  const inverseFrequencies = Array.from({ length: half }, (_, i) => theta ** (-i / Math.max(steps, 1)));
  const count = model.context + offset;
  const dims = [
    { name: 'position', size: count },
    { name: 'd_model', size: half },
  ];
  const [sines, cosines] = (['sin', 'cos'] as const).map((fn) => {
    const data = { kind: 'rope_table', fn, positions: count, inverseFrequencies, factor: 1 } as const;
    const table = builder.add('constant', { data, type: { type: 'f32', dims } }, []);
    return rowsAt(l, table, model.context, offset);
  }) as [Node, Node];
  const both = builder.add('concat', { dim: 'd_model' }, [sines, cosines]);
  return model.dModel % 2 === 0 ? both : builder.add('pad', { dim: 'd_model', before: 0, after: 1 }, [both]);
}

/** softcap((transform(norm(x)) W^T + b) * scale): [.., d_model] -> logits [.., vocab] */
export function lowerHead(l: Lowering, hidden: Node): Node {
  const { head, embed } = l.model;
  return l.builder.at({ path: 'head', span: l.model.span }, () => {
    let x = lowerNorm(l, 'head.norm', head.norm, hidden);
    if (head.transform) x = lowerTransform(l, head.transform, x);
    if (head.factor) x = linear(l, 'head.project', x);
    const matrix = ofVocab(l, embed.tied ? 'embed.weight' : 'head.weight');
    const over = [head.factor ? 'embed_dim' : 'd_model'];
    let logits: Node = l.builder.add('contract', { over }, [x, matrix]);
    if (head.bias) logits = elementwise(l.builder, [logits, ofVocab(l, 'head.bias')], add);
    logits = scale(l, logits, head.scale);
    const cap = head.softcap;
    return cap === null ? logits : elementwise(l.builder, [logits], (z) => softcap(z, cap));
  });
}

/** The rows of a weight that are tokens. */
function ofVocab(l: Lowering, name: string): Node {
  const all = weight(l, name);
  const { vocab, embed } = l.model;
  return embed.rows === vocab ? all : l.builder.add('slice', { dim: 'vocab', start: 0, size: vocab }, [all]);
}

/** norm(act(W x + b)), d_model wide. */
function lowerTransform(l: Lowering, spec: TransformSpec, x: Node): Node {
  const name = 'head.transform';
  return l.builder.at({ path: 'transform' }, () => {
    const mapped = activate(l, name, spec.act, linear(l, name, x));
    const y = l.builder.add('rename', { from: 'transformed', to: 'd_model' }, [mapped]);
    return lowerNorm(l, `${name}.norm`, spec.norm, y);
  });
}
