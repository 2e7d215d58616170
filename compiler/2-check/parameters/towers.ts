// Takes: a checked model of towers. Gives: its parameters, as parameters.ts does.
// Promises: names start with the tower's: `text.layers.0.attn.q.weight`; the temperature is the last.
import type { Tower, TowerModel } from '../model.ts';
import { constant, dim, linear, norm, tensor, vector, within, type Parameter } from './parameter.ts';
import { equationParameters, sum, type ParameterCount } from './parameters.ts';

export function towerParameters({ towers, project, temperature }: TowerModel): readonly Parameter[] {
  return [
    ...towers.flatMap((tower) => within(tower.name, parametersOf(tower, project.dim))),
    ...(temperature.learned ? [vector('temperature', [], constant(temperature.init))] : []),
  ];
}

/** Of one tower, relative to it, its map into the shared space last. */
export function parametersOf(tower: Tower, project: number): Parameter[] {
  const width = dim('d_model', tower.dModel);
  const { input, positions, classToken, layers, preNorm, postNorm } = tower;
  return [
    ...inputParameters(input, tower.dModel),
    ...(classToken === null ? [] : [vector('cls', [width], classToken)]),
    ...(positions === null ? [] : [tensor('embed.positions', [dim('position', positions.length), width], positions.init, 'embed')]), // prettier-ignore
    ...norm('pre_norm', preNorm, width),
    ...layers.flatMap(({ index, equations }) => within(`layers.${index}`, equationParameters(equations, width))),
    ...norm('post_norm', postNorm, width),
    ...linear('project', tower.project, dim('project', project), width),
  ];
}

function inputParameters(input: Tower['input'], dModel: number): Parameter[] {
  const width = dim('d_model', dModel);
  if (input.kind === 'token') return [tensor('embed.weight', [dim('vocab', input.vocab), width], input.init, 'embed')];
  return linear('patches', input.projection, width, dim('patch', input.channels * input.size ** 2));
}

/** Every parameter of a tower works on every input. */
export function towerCount(model: TowerModel): ParameterCount {
  return { ...sum([...towerParameters(model)]), mtp: 0 };
}
