// Takes: a checked model of several towers. Gives: its picture: the towers side by side, their blocks and parts, sizes.
// Promises: plain data; figures of each tower carry its name.
import type { Tower, TowerModel } from '../../2-check/model.ts';
import { towerEntries } from '../../2-check/canonical/tower-tree.ts';
import { parametersOf } from '../../2-check/parameters/towers.ts';
import { anatomyOf } from './anatomy.ts';
import { count } from './draw/numbers.ts';
import { blockFigures, type Body, type Fact, type Figure, layersText, partFigures, under } from './figures.ts';
import { sizeOf } from './inset/inset.ts';
import type { Picture, Share } from './picture.ts';
import { drawTowers } from './stack/tower-figure.ts';

export function pictureOfTowers(model: TowerModel): Picture {
  const entries = towerEntries(model);
  const bodies = model.towers.map((tower) => bodyOf(tower, entries));
  const shares = model.towers.flatMap((tower, i) => {
    const body = bodies[i];
    return body === undefined ? [] : sharesOf(model, tower, body);
  });
  const named = (figures: (body: Body) => Figure[]): Figure[] =>
    bodies.flatMap((body, i) => {
      const name = model.towers[i]?.name ?? '';
      return figures(body).map((figure) => ({ ...figure, title: `${name}: ${figure.title}` }));
    });
  return {
    name: model.name,
    headline: [
      ['parameters', count(shares.reduce((sum, { parameters }) => sum + parameters, 0))],
      ['towers', model.towers.map(({ name }) => name).join(', ')],
      ['dim', String(model.project.dim)],
    ],
    stack: towersFigure(model, bodies, under(entries, 'project', 'temperature')),
    blocks: named(blockFigures),
    parts: named(partFigures),
    shares,
    work: [],
    costs: [],
    costsOf: '',
  };
}

/** `all`: `text.attn.heads` is the tower's `attn.heads`. */
function bodyOf({ name, layers, dModel, context }: Tower, all: readonly Fact[]): Body {
  const entries = all.flatMap(([key, value]): Fact[] => {
    return key.startsWith(`${name}.`) ? [[key.slice(name.length + 1), value]] : [];
  });
  return { id: `${name}-`, layers, dModel, context, decodes: false, anatomy: anatomyOf(layers, dModel), entries };
}

function towersFigure(model: TowerModel, bodies: readonly Body[], keys: readonly Fact[]): Figure {
  const { towers, project, temperature } = model;
  const text = towers.map(({ name, nLayers, dModel }) => `${name} of ${layersText(nLayers)}, d_model ${dModel}`);
  return {
    id: 'stack',
    title: 'Towers',
    subtitle: towers.map(({ name }) => name).join(' and '),
    swatch: null,
    drawing: drawTowers(model, bodies.map(({ anatomy }) => anatomy)),
    description: `Side by side, from below: ${text.join('; ')}; each mapped to ${project.dim} and compared.`,
    formula: [`logits = ${temperature.apply === 'exp' ? 'exp(t)' : 't'} * ${towers.map(({ name }) => name).join(' · ')}`],
    facts: towers.map(({ name, nLayers, dModel, context }) => [name, `${layersText(nLayers)}, d_model ${dModel}, ${context} positions`]),
    keys,
  }; // prettier-ignore
}

function sharesOf({ project }: TowerModel, tower: Tower, { anatomy }: Body): Share[] {
  const { name, input, dModel, classToken } = tower;
  const all = parametersOf(tower, project.dim);
  const of = (...prefixes: readonly string[]): number =>
    sizeOf(all.filter((each) => prefixes.some((prefix) => each.name.startsWith(prefix))));
  const norms = anatomy.blocks.reduce((sum, block) => sum + block.normParameters, of('pre_norm.', 'post_norm.'));
  const rows: Share[] = [
    { name: `${name} input`, detail: input.kind === 'token' ? 'embedding' : 'patches', parameters: of('embed.weight', 'patches.'), swatch: 'linear' },
    { name: `${name} positions`, detail: classToken === null ? '' : 'and class token', parameters: of('embed.positions', 'cls'), swatch: 'state' },
    ...anatomy.parts.map(({ label, total, layers, swatch }): Share => {
      return { name: `${name} ${label}`, detail: `${layers.length} × ${count(total / layers.length)}`, parameters: total, swatch };
    }),
    { name: `${name} norms`, detail: '', parameters: norms, swatch: 'norm' },
    { name: `${name} project`, detail: `${dModel} → ${project.dim}`, parameters: of('project.'), swatch: 'linear' },
  ]; // prettier-ignore
  return rows.filter(({ parameters }) => parameters > 0);
}
