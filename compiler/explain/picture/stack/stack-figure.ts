// Takes: a model and its anatomy. Gives: the drawing of its stack: embedding below, layers in their cycles, head above.
// Promises: every layer is in exactly one box, and in the map of layers beside it.
import type { Model, TransformSpec } from '../../../2-check/model.ts';
import { actName } from '../../../2-check/parameters/activations.ts';
import { parameterCount } from '../../../2-check/parameters/parameters.ts';
import type { Anatomy } from '../anatomy.ts';
import type { Drawing } from '../draw/drawing.ts';
import { count, short } from '../draw/numbers.ts';
import { drawGrid } from '../grid/layout.ts';
import { box, terminal } from '../inset/inset.ts';
import { withLayerMap } from './layer-map.ts';
import { StackBuilder } from './stack-builder.ts';

export function drawStack(model: Model, anatomy: Anatomy): Drawing {
  // Column 0 is left to the link of tied matrices.
  const stack = new StackBuilder(1);
  addEmbed(stack, model);
  stack.addLayers(model.layers, anatomy);
  const before = stack.top;
  stack.addNorm('head-norm', model.head.norm);
  if (model.mtp !== null) addMtp(stack, model, model.mtp.state === 'post_norm' ? stack.top : before);
  addHead(stack, model);
  if (model.embed.tied) stack.edges.push({ from: 'embed', to: 'head', link: true });
  const drawing = drawGrid({ cells: stack.cells, edges: stack.edges, frames: stack.frames });
  return withLayerMap(drawing, model.layers, anatomy);
}

function addEmbed(stack: StackBuilder, { embed, vocab, dModel }: Model): void {
  const width = embed.factor?.dim ?? dModel;
  const size = embed.rows * width;
  stack.add((id, place) => terminal(id, place, `tokens · vocab ${vocab}`), 'tokens');
  const lines = ['Embedding', `${embed.rows} × ${width} · ${count(size)}`];
  const title = `embed.weight: ${embed.rows} × ${width}, ${size} parameters${embed.tied ? ', the head reads it too' : ''}`;
  stack.add((id, place) => box(id, place, 'linear', lines, title), 'embed');
  if (embed.factor !== null) addMap(stack, 'embed-project', width, dModel);
  stack.addScale('embed-scale', embed.scale);
  if (embed.positions !== null) addPositions(stack, embed.positions.length + embed.positions.offset, dModel);
  if (embed.sinusoidal !== null) {
    const { theta, offset } = embed.sinusoidal;
    const waves = ['+ sinusoidal positions', `θ ${short(theta)}${offset === 0 ? '' : ` from ${offset}`}`];
    stack.add((id, place) => box(id, place, 'act', waves), 'sinusoidal');
  }
  stack.addNorm('embed-norm', embed.norm);
}

function addMap(stack: StackBuilder, name: string, from: number, to: number): void {
  const lines = ['project', `${from} → ${to} · ${count(from * to)}`];
  stack.add((id, place) => box(id, place, 'linear', lines), name);
}

function addTransform(stack: StackBuilder, { act, norm, projection }: TransformSpec, dModel: number): void {
  const lines = ['transform', `${dModel} → ${dModel} · ${count(dModel * dModel)}`, ...(projection.bias ? ['with bias'] : [])]; // prettier-ignore
  stack.add((id, place) => box(id, place, 'linear', lines), 'head-transform');
  stack.add((id, place) => box(id, place, 'act', [actName(act)]), 'head-transform-act');
  stack.addNorm('head-transform-norm', norm);
}

export function addPositions(stack: StackBuilder, length: number, dModel: number): void {
  const lines = ['+ learned positions', `${length} × ${dModel} · ${count(length * dModel)}`];
  stack.add((id, place) => box(id, place, 'act', lines), 'positions');
}

function addHead(stack: StackBuilder, { head, embed, vocab, dModel }: Model): void {
  const width = head.factor?.dim ?? dModel;
  if (head.transform !== null) addTransform(stack, head.transform, dModel);
  if (head.factor !== null) addMap(stack, 'head-project', dModel, width);
  const size = embed.tied ? 'tied to the embedding' : `${width} → ${embed.rows} · ${count(embed.rows * width)}`;
  stack.add((id, place) => box(id, place, 'linear', ['Head', size, ...(head.bias ? ['with bias'] : [])]), 'head');
  stack.addScale('head-scale', head.scale);
  if (head.softcap !== null) {
    const cap = short(head.softcap);
    stack.add((id, place) => box(id, place, 'act', [{ text: `softcap ${cap}` }], `${cap} tanh(z / ${cap})`), 'softcap');
  }
  stack.add((id, place) => terminal(id, place, `logits · vocab ${vocab}`), 'logits');
}

/** Beside the head, fed by `state`. */
function addMtp(stack: StackBuilder, model: Model, state: string): void {
  const depth = model.mtp?.depth ?? 0;
  const lines = [`${depth} × MTP`, count(parameterCount(model).mtp)];
  const place = { rank: stack.rank, column: 2 };
  stack.cells.push(box('mtp', place, 'state', lines, `${depth} module${depth === 1 ? '' : 's'} that predict tokens after the next`)); // prettier-ignore
  stack.cells.push(terminal('mtp-logits', { rank: stack.rank + 1, column: 2 }, 'later tokens'));
  stack.edges.push({ from: state, to: 'mtp' }, { from: 'mtp', to: 'mtp-logits' });
}
