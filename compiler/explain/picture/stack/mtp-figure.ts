// Takes: a model with multi-token prediction. Gives: the drawing of one of its modules.
// Promises: what is concatenated stands in the order of the projection's columns.
import type { Model, MtpSpec } from '../../../2-check/model.ts';
import { parameters } from '../../../2-check/parameters/parameters.ts';
import { type Anatomy, partsUsed } from '../anatomy.ts';
import type { Drawing } from '../draw/drawing.ts';
import { count } from '../draw/numbers.ts';
import type { Line } from '../grid/cell.ts';
import { drawGrid } from '../grid/layout.ts';
import { box, linear, note, Sketch, sizeOf, terminal } from '../inset/inset.ts';

const prefix = 'mtp.0.';

/** arXiv 2412.19437, 2.2 */
export function drawMtp(model: Model, mtp: MtpSpec, { parts }: Anatomy): Drawing {
  const weights = parameters(model).flatMap((each) => (each.name.startsWith(prefix) ? [{ ...each, name: each.name.slice(prefix.length) }] : [])); // prettier-ignore
  const context = {
    name: 'mtp',
    dModel: model.dModel,
    context: model.context,
    decodes: true,
    layer: model.nLayers,
    weights,
  };
  const grid = new Sketch();
  const whole = { column: 0, columns: mtp.input.length };
  const sources = { embed: 'embedding of the next token', state: `state of the depth below` };
  const inputs = mtp.input.map(({ from, norm, instance }, column) => {
    const source = grid.add(terminal(`from-${column}`, { rank: 0, column }, from === 'embed' ? 'next token' : 'state', sources[from])); // prettier-ignore
    const read =
      from === 'state' ? source : grid.add(box(`embed-${column}`, { rank: 1, column }, 'linear', ['Embedding', mtp.share.includes('embed') ? 'shared' : 'its own']), source); // prettier-ignore
    if (norm === null) return read;
    const title = norm.kind === 'rms' ? 'RMSNorm' : 'LayerNorm';
    return grid.add(box(`norm-${column}`, { rank: 2, column }, 'norm', [title, instance ?? '']), read);
  });
  const joined = grid.add(box('concat', { rank: 3, ...whole }, 'plain', [note(`concat · ${mtp.input.length} × ${model.dModel}`)]), ...inputs); // prettier-ignore
  const projected = grid.add(linear('project', { rank: 4, ...whole }, 'project', 'project', context), joined);
  const used: Line[] = [...partsUsed(mtp.layer).values()].map(({ kind, name }) => {
    const swatch = parts.find((part) => part.name === name && part.role === kind)?.swatch;
    return { text: name, small: true, ...(swatch === undefined ? {} : { swatch }) };
  });
  const names = ['project.', 'norm.', 'embed.', 'head.', ...mtp.input.flatMap(({ instance }) => (instance === null ? [] : [`${instance}.`]))]; // prettier-ignore
  const size = sizeOf(weights) - names.reduce((sum, name) => sum + sizeOf(weights, name), 0);
  const block: Line[] = [{ text: mtp.layer.block, bold: true }, note(count(size)), ...used];
  const through = grid.add(box('block', { rank: 5, ...whole }, 'part', block, `a layer of its own: ${mtp.layer.block}`), projected); // prettier-ignore
  const title = mtp.norm?.kind === 'layer' ? 'LayerNorm' : 'RMSNorm';
  const normed = mtp.norm === null ? through : grid.add(box('norm', { rank: 6, ...whole }, 'norm', [title]), through);
  const head = grid.add(box('head', { rank: 7, ...whole }, 'linear', ['Head', mtp.share.includes('head') ? 'shared' : 'its own']), normed); // prettier-ignore
  grid.add(terminal('logits', { rank: 8, ...whole }, 'logits of a later token'), head);
  return drawGrid(grid);
}
