// Takes: a checked model of several towers. Gives: its picture: the towers side by side, their blocks and parts, sizes.
// Promises: plain data; figures of each tower carry its name.
import type { Tower, TowerModel } from '../../2-check/model.ts';
import { dim, elements, norm } from '../../2-check/parameters/parameter.ts';
import { anatomyOf } from './anatomy.ts';
import { count } from './draw/numbers.ts';
import { blockFigures, type Body, type Figure, layersText, partFigures } from './figures.ts';
import type { Picture, Share } from './picture.ts';
import { drawTowers } from './stack/tower-figure.ts';

export function pictureOfTowers(model: TowerModel): Picture {
  const bodies = model.towers.map(bodyOf);
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
    stack: towersFigure(model, bodies),
    blocks: named(blockFigures),
    parts: named(partFigures),
    shares,
    costs: [],
  };
}

function bodyOf({ name, layers, dModel, context }: Tower): Body {
  return { id: `${name}-`, layers, dModel, context, decodes: false, anatomy: anatomyOf(layers, dModel), entries: [] };
}

function towersFigure(model: TowerModel, bodies: readonly Body[]): Figure {
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
    keys: [],
  }; // prettier-ignore
}

function sharesOf({ project }: TowerModel, tower: Tower, { anatomy }: Body): Share[] {
  const { name, input, dModel, positions, classToken, preNorm, postNorm } = tower;
  const embed = input.kind === 'token' ? input.vocab * dModel : input.channels * input.size ** 2 * dModel + (input.projection.bias ? dModel : 0); // prettier-ignore
  const ends = [preNorm, postNorm].flatMap((spec) => norm('norm', spec, dim('d_model', dModel)));
  const norms = anatomy.blocks.reduce((sum, block) => sum + block.normParameters, 0) + ends.reduce((sum, each) => sum + elements(each), 0); // prettier-ignore
  const rows: Share[] = [
    { name: `${name} input`, detail: input.kind === 'token' ? 'embedding' : 'patches', parameters: embed, swatch: 'linear' },
    { name: `${name} positions`, detail: classToken === null ? '' : 'and class token', parameters: (positions?.length ?? 0) * dModel + (classToken === null ? 0 : dModel), swatch: 'state' },
    ...anatomy.parts.map(({ label: part, total, layers, swatch }): Share => {
      return { name: `${name} ${part}`, detail: `${layers.length} × ${count(total / layers.length)}`, parameters: total, swatch };
    }),
    { name: `${name} norms`, detail: '', parameters: norms, swatch: 'norm' },
    { name: `${name} project`, detail: `${dModel} → ${project.dim}`, parameters: dModel * project.dim + (project.bias ? project.dim : 0), swatch: 'linear' },
  ]; // prettier-ignore
  return rows.filter(({ parameters }) => parameters > 0);
}
