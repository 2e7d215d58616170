// Takes: a checked model. Gives: what it is made of and what it costs, as data and as text.
// Promises: the text says nothing that the data does not hold.
import type { Model } from '../2-check/model.ts';
import { type Costs, costsOf } from './cost.ts';
import { type LayerRow, layerRows } from './layers.ts';
import type { PlanFigures } from './plan-figures.ts';

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
}

export function explainModel(model: Model): Explanation {
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
    costs: costsOf(model),
  };
}

function describeEmbed({ embed }: Model): string {
  const positions = embed.positions === null ? 'no positions' : `learned positions ${embed.positions.length}`;
  const scale = embed.scale === 1 ? [] : [`scale ${number(embed.scale)}`];
  const norm = embed.norm === null ? [] : [`${embed.norm.kind} norm`];
  return [embed.tied ? 'tied to the head' : 'its own matrix', positions, ...scale, ...norm].join(', ');
}

function describeHead({ head }: Model): string {
  const norm = head.norm === null ? 'no norm' : `${head.norm.kind} norm`;
  const scale = head.scale === 1 ? [] : [`scale ${number(head.scale)}`];
  const softcap = head.softcap === null ? [] : [`softcap ${head.softcap}`];
  return [norm, ...scale, ...softcap, ...(head.bias ? ['bias'] : [])].join(', ');
}

/** `figures`: of its Plans, or the sentence why there are none. */
export function printExplanation(explanation: Explanation, figures: readonly PlanFigures[] | string): string {
  const { costs } = explanation;
  const sections = [
    [
      explanation.name,
      `  vocab ${count(explanation.vocab)}  context ${count(explanation.context)}  d_model ${explanation.dModel}  n_layers ${explanation.nLayers}  aspect ${number(explanation.aspect)}`,
      `  embed  ${explanation.embed}`,
      `  head   ${explanation.head}`,
    ],
    ['layers', ...explanation.layers.flatMap(layerLines)],
    ['parameters', ...parameterLines(costs)],
    [
      'per token, f32, at full context',
      `  forward    ${count(costs.flopsPerToken.forward)} FLOPs (attention ${count(costs.flopsPerToken.attention)})`,
      `  backward   ${count(costs.flopsPerToken.backward)} FLOPs`,
      `  KV cache   ${bytes(costs.kvBytesPerToken)} per token, ${bytes(costs.kvBytesFull)} when the context is full`,
      `  intensity  prefill ${number(costs.intensity.prefill)}, decode ${number(costs.intensity.decode)} FLOPs per byte`,
    ],
    ['plans', ...(typeof figures === 'string' ? [`  ${figures}`] : planLines(figures))],
  ];
  return sections.map((lines) => lines.join('\n')).join('\n\n');
}

function layerLines({ layers, count: times, block, equations, mixers, ffns }: LayerRow): string[] {
  const indent = ' '.repeat(4);
  return [`  ${layers}  (${times} x ${block})`, ...[...equations, ...mixers, ...ffns].map((line) => indent + line)];
}

function parameterLines({ parameters: { total, byComponent } }: Costs): string[] {
  const rows = [...Object.entries(byComponent), ['total', total] as const];
  return rows.map(([name, value]) => {
    const share = `${((100 * value) / total).toFixed(1)} %`;
    return `  ${name.padEnd(10)} ${count(value).padStart(9)}  ${share.padStart(7)}`;
  });
}

function planLines(figures: readonly PlanFigures[]): string[] {
  return figures.map((each) => {
    const dispatches = `${String(each.dispatches).padStart(4)} dispatches (${each.dispatchesUnfused} without fusion)`;
    return `  ${each.name.padEnd(17)} ${dispatches}, ${each.kernels} kernels, ${bytes(each.arenaBytes)} intermediate, ${bytes(each.totalBytes)} peak`;
  });
}

/** 1234567 -> `1.235M` */
export function count(value: number): string {
  const units: [number, string][] = [[1e12, 'T'], [1e9, 'B'], [1e6, 'M'], [1e3, 'K']]; // prettier-ignore
  const unit = units.find(([size]) => Math.abs(value) >= size);
  return unit === undefined ? number(value) : `${(value / unit[0]).toPrecision(4)}${unit[1]}`;
}

/** 2097152 -> `2.0 MiB` */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = value <= 0 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(Math.abs(value)) / 10));
  return `${power === 0 ? value : (value / 1024 ** power).toFixed(1)} ${units[power] ?? ''}`;
}

function number(value: number): string {
  return String(Number(value.toPrecision(4)));
}
