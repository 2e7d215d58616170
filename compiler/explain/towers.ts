// Takes: a checked model of several towers. Gives: what it is made of and what it costs, as data and as text.
// Promises: the text says nothing that the data does not hold.
import type { Tower, TowerModel } from '../2-check/model.ts';
import { elements } from '../2-check/parameters/parameter.ts';
import { parametersOf, towerCount } from '../2-check/parameters/towers.ts';
import { layerWork } from './cost/work.ts';
import { type LayerRow, layerLines, layerRows } from './layers.ts';
import { count } from './numbers.ts';

export interface TowerRow {
  readonly name: string;
  readonly input: string;
  readonly context: number;
  readonly dModel: number;
  readonly nLayers: number;
  readonly ends: string;
  readonly layers: readonly LayerRow[];
  readonly parameters: number;
  /** Of one input, all its positions: the map of patches, layers, the map into the shared space. */
  readonly flops: number;
}

export interface TowersExplanation {
  readonly name: string;
  readonly towers: readonly TowerRow[];
  readonly dim: number;
  readonly temperature: string;
  readonly parameters: number;
}

export function explainTowers(model: TowerModel): TowersExplanation {
  const { learned, init, apply } = model.temperature;
  return {
    name: model.name,
    towers: model.towers.map((tower) => towerRow(tower, model.project.dim)),
    dim: model.project.dim,
    temperature: `${apply === 'exp' ? `exp(${init})` : init}, ${learned ? 'learned' : 'fixed'}`,
    parameters: towerCount(model).total,
  };
}

function towerRow(tower: Tower, dim: number): TowerRow {
  const { name, input, context, dModel, nLayers, layers } = tower;
  const patches = input.kind === 'patches' ? (input.image / input.size) ** 2 * input.channels * input.size ** 2 : 0;
  return {
    name,
    input: describeInput(tower),
    context,
    dModel,
    nLayers,
    ends: describeEnds(tower),
    layers: layerRows(tower),
    parameters: parametersOf(tower, dim).reduce((sum, each) => sum + elements(each), 0),
    flops: 2 * dModel * (patches + dim) + context * layerWork(layers, dModel, context).total,
  };
}

function describeInput({ input, positions, classToken }: Tower): string {
  const what =
    input.kind === 'token'
      ? `tokens of ${count(input.vocab)}`
      : `patches of ${input.size} x ${input.size} of an image of ${input.image} x ${input.image}, ${input.channels} channels`;
  return [what, ...(positions === null ? [] : ['learned positions']), ...(classToken === null ? [] : ['a class token'])].join(', '); // prettier-ignore
}

function describeEnds({ preNorm, postNorm, pool }: Tower): string {
  const norms = [...(preNorm === null ? [] : [`${preNorm.kind} norm before`]), ...(postNorm === null ? [] : [`${postNorm.kind} norm behind`])]; // prettier-ignore
  const pooled =
    pool.kind === 'mean'
      ? 'mean of all positions'
      : `the token ${pool.token === 'eos' ? 'at the end' : `at ${pool.token}`}`;
  return [...norms, `pooled: ${pooled}`].join(', ');
}

export function printTowers({ name, towers, dim, temperature, parameters }: TowersExplanation): string {
  const sections = [
    [
      name,
      `  ${towers.length} towers compared in ${dim} dims, temperature ${temperature}`,
      `  ${count(parameters)} parameters`,
    ],
    ...towers.map((tower) => [
      `tower ${tower.name}`,
      `  d_model ${tower.dModel}  n_layers ${tower.nLayers}  positions ${tower.context}`,
      `  ${tower.input}`,
      `  ${tower.ends}`,
      `  ${count(tower.parameters)} parameters, forward ${count(tower.flops)} FLOPs per input`,
      ...tower.layers.flatMap(layerLines),
    ]),
  ];
  return sections.map((lines) => lines.join('\n')).join('\n\n');
}
