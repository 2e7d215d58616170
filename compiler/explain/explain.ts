// Takes: a checked model. Gives: what it is made of and what it costs, as data and as text.
// Promises: the text says nothing that the data does not hold.
import type { Model } from '../2-check/model.ts';
import { actName } from '../2-check/parameters/activations.ts';
import { type CostOptions, type Costs, costsOf } from './cost/cost.ts';
import type { DeviceFigures } from './cost/devices.ts';
import { costLines, parameterLines, rooflineLines } from './cost/print.ts';
import { type Roofline, rooflineOf } from './cost/roofline.ts';
import { type LayerRow, layerLines, layerRows } from './layers.ts';
import { bytes, count, number } from './numbers.ts';
import type { PlanFigures } from './plan-figures.ts';

export { bytes, count } from './numbers.ts';

export interface Explanation {
  readonly name: string;
  readonly vocab: number;
  readonly context: number;
  readonly dModel: number;
  readonly nLayers: number;
  /** d_model / n_layers */
  readonly aspect: number;
  readonly embed: string;
  readonly head: string;
  readonly layers: readonly LayerRow[];
  readonly costs: Costs;
  /** On a device that was named. */
  readonly roofline: Roofline | null;
}

export interface ExplainOptions extends CostOptions {
  readonly device?: DeviceFigures;
}

export function explainModel(model: Model, { device, ...options }: ExplainOptions = {}): Explanation {
  return {
    name: model.name,
    vocab: model.vocab,
    context: model.context,
    dModel: model.dModel,
    nLayers: model.nLayers,
    aspect: model.dModel / model.nLayers,
    embed: describeEmbed(model),
    head: describeHead(model),
    layers: layerRows(model),
    costs: costsOf(model, options),
    roofline: device === undefined ? null : rooflineOf(model, device, options),
  };
}

function describeEmbed({ embed, vocab, dModel }: Model): string {
  const scale = embed.scale === 1 ? [] : [`scale ${number(embed.scale)}`];
  const rows = embed.factor === null ? [] : [`rows of ${embed.factor.dim} mapped to ${dModel}`];
  const padded = embed.rows === vocab ? [] : [`padded to ${embed.rows} rows`];
  const norm = embed.norm === null ? [] : [`${embed.norm.kind} norm`];
  return [embed.tied ? 'tied to the head' : 'its own matrix', ...padded, ...rows, describePositions(embed), ...scale, ...norm].join(', '); // prettier-ignore
}

function describePositions({ positions, sinusoidal }: Model['embed']): string {
  const from = ({ offset }: { readonly offset: number }): string => (offset === 0 ? '' : ` from row ${offset}`);
  if (positions !== null) return `learned positions ${positions.length}${from(positions)}`;
  return sinusoidal === null ? 'no positions' : `sinusoidal positions ${number(sinusoidal.theta)}${from(sinusoidal)}`;
}

function describeHead({ head }: Model): string {
  const norm = head.norm === null ? 'no norm' : `${head.norm.kind} norm`;
  const scale = head.scale === 1 ? [] : [`scale ${number(head.scale)}`];
  const softcap = head.softcap === null ? [] : [`softcap ${head.softcap}`];
  const factor = head.factor === null ? [] : [`mapped to ${head.factor.dim}`];
  return [norm, ...transformWords(head.transform), ...factor, ...scale, ...softcap, ...(head.bias ? ['bias'] : [])].join(', '); // prettier-ignore
}

function transformWords(transform: Model['head']['transform']): string[] {
  if (transform === null) return [];
  const { act, norm, projection } = transform;
  const words = ['transform', actName(act), ...(projection.bias ? ['bias'] : []), ...(norm === null ? [] : [`${norm.kind} norm`])]; // prettier-ignore
  return [words.join(' ')];
}

/** `figures`: of its Plans, or the sentence why there are none. */
export function printExplanation(explanation: Explanation, figures: readonly PlanFigures[] | string): string {
  const { costs, roofline } = explanation;
  const sections = [
    [
      explanation.name,
      `  vocab ${count(explanation.vocab)}  context ${count(explanation.context)}  d_model ${explanation.dModel}  n_layers ${explanation.nLayers}  aspect ${number(explanation.aspect)}`,
      `  embed  ${explanation.embed}`,
      `  head   ${explanation.head}`,
    ],
    ['layers', ...explanation.layers.flatMap(layerLines)],
    ['parameters', ...parameterLines(costs.parameters)],
    ...costLines(costs),
    ...(roofline === null ? [] : [rooflineLines(roofline, costs)]),
    ['plans', ...(typeof figures === 'string' ? [`  ${figures}`] : planLines(figures))],
  ];
  return sections.map((lines) => lines.join('\n')).join('\n\n');
}

function planLines(figures: readonly PlanFigures[]): string[] {
  return figures.map((each) => {
    const dispatches = `${String(each.dispatches).padStart(4)} dispatches (${each.dispatchesUnfused} without fusion)`;
    return `  ${each.name.padEnd(17)} ${dispatches}, ${each.kernels} kernels, ${bytes(each.arenaBytes)} intermediate, ${bytes(each.totalBytes)} peak`;
  });
}
