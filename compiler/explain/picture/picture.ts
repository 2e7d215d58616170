// Takes: a checked model. Gives: its picture: the stack, each distinct block, mixer and feed-forward, sizes and costs.
// Promises: plain data.
import { canonicalEntries } from '../../2-check/canonical.ts';
import type { Model, MtpSpec } from '../../2-check/model.ts';
import { acausalMixer } from '../../2-check/resolve/parts.ts';
import { elements } from '../../2-check/parameters/parameter.ts';
import { parameterCount, parameters } from '../../2-check/parameters/parameters.ts';
import { type CostOptions, type Costs, costsOf } from '../cost/cost.ts';
import { costRows } from '../cost/rows.ts';
import { bytes } from '../explain.ts';
import { type Anatomy, anatomyOf } from './anatomy.ts';
import type { Swatch } from './draw/drawing.ts';
import { count, short } from './draw/numbers.ts';
import { blockFigures, type Body, type Fact, type Figure, layersText, partFigures, under } from './figures.ts';
import { periodOf, runsOf } from './stack/fold.ts';
import { drawMtp } from './stack/mtp-figure.ts';
import { drawStack } from './stack/stack-figure.ts';

export interface Share {
  readonly name: string;
  readonly detail: string;
  readonly parameters: number;
  readonly swatch: Swatch | 'norm' | 'linear' | 'state';
}

export interface Work {
  readonly name: string;
  readonly detail: string;
  readonly flops: number;
  readonly swatch: Share['swatch'];
}

export interface Picture {
  readonly name: string;
  readonly headline: readonly Fact[];
  readonly stack: Figure;
  readonly blocks: readonly Figure[];
  readonly parts: readonly Figure[];
  /** Of the total, which is without multi-token prediction. */
  readonly shares: readonly Share[];
  /** Of the forward work on one token, at the full context. */
  readonly work: readonly Work[];
  readonly costs: readonly Fact[];
  /** Of which length, batch and types. */
  readonly costsOf: string;
}

export function pictureOf(model: Model, options: CostOptions = {}): Picture {
  const { layers, dModel, context } = model;
  const anatomy = anatomyOf(layers, dModel);
  const costs = costsOf(model, options);
  const body: Body = {
    id: '',
    layers,
    dModel,
    context,
    decodes: acausalMixer(model) === null,
    anatomy,
    entries: canonicalEntries(model),
  };
  return {
    name: model.name,
    headline: headlineOf(model),
    stack: stackFigure(model, body),
    blocks: [...blockFigures(body), ...(model.mtp === null ? [] : [mtpFigure(model, model.mtp, body)])],
    parts: partFigures(body),
    shares: sharesOf(model, anatomy),
    work: workOf(model, costs, anatomy),
    costs: costFacts(costs),
    costsOf: costText(costs),
  };
}

function headlineOf(model: Model): Fact[] {
  const { total, active, mtp } = parameterCount(model);
  return [
    ['parameters', count(total)],
    ...(active === total ? [] : [['active per token', count(active)] as const]),
    ...(mtp === 0 ? [] : [['in MTP', count(mtp)] as const]),
    ['d_model', String(model.dModel)],
    ['n_layers', String(model.nLayers)],
    ['vocab', String(model.vocab)],
    ['context', String(model.context)],
  ];
}

function stackFigure(model: Model, { anatomy, entries }: Body): Figure {
  const blocks = [...new Set(model.layers.map(({ block }) => block))];
  return {
    id: 'stack',
    title: 'Stack',
    subtitle: layersText(model.nLayers),
    swatch: null,
    drawing: drawStack(model, anatomy),
    description: `From below: the embedding, ${layersText(model.nLayers)} of ${blocks.join(', ')}, and the head.`,
    formula: [],
    facts: cycles(anatomy),
    keys: under(entries, 'embed', 'stack', 'head'),
  };
}

/** Mixers and feed-forwards may take turns at their own pace. */
function cycles({ layers }: Anatomy): Fact[] {
  return (['mixer', 'ffn'] as const).flatMap((role): Fact[] => {
    const names = layers.map(({ parts }) =>
      parts.flatMap((part) => (part.role === role ? [part.name] : [])).join(' + '),
    );
    const period = periodOf(names);
    if (period === 1 || 2 * period > names.length) return [];
    const round = runsOf(names, 0, period).map(({ key, count: n }) => `${n === 1 ? '' : `${n} × `}${key || 'none'}`);
    return [[`${role} cycle`, `${round.join(', ')}: every ${layersText(period)}`]];
  });
}

function mtpFigure(model: Model, mtp: MtpSpec, { anatomy, entries }: Body): Figure {
  const inputs = mtp.input.map(({ from, instance }) => {
    const source = from === 'embed' ? 'embed(next)' : 'state';
    return instance === null ? source : `${instance}(${source})`;
  });
  const formula = [`state = ${mtp.layer.block}(project(concat(${inputs.join(', ')})))`, 'logits = head(norm(state))'];
  return {
    id: 'mtp',
    title: 'MTP module',
    subtitle: `depth ${mtp.depth}`,
    swatch: null,
    drawing: drawMtp(model, mtp, anatomy),
    description: `Multi-token prediction, from below: ${formula.join('; ')}`,
    formula,
    facts: [
      ['parameters', count(parameterCount(model).mtp)],
      ['state', mtp.state === 'post_norm' ? 'after the final norm' : 'before the final norm'],
    ],
    keys: under(entries, 'mtp'),
  };
}

function sharesOf(model: Model, anatomy: Anatomy): Share[] {
  const { embed, head, dModel } = model;
  const all = parameters(model);
  const of = (prefix: string): number =>
    all.filter(({ name }) => name.startsWith(prefix)).reduce((sum, parameter) => sum + elements(parameter), 0);
  const rows: Share[] = [
    { name: 'embed', detail: `${embed.rows} × ${dModel}${embed.tied ? ', tied to the head' : ''}`, parameters: of('embed.'), swatch: 'linear' }, // prettier-ignore
    ...anatomy.parts.map(({ label, total, active, layers, varies, swatch }): Share => {
      const detail = varies ? layersText(layers.length) : `${layers.length} × ${count(total / layers.length)}`;
      const used = active === total ? '' : `, ${count(active)} active`;
      return { name: label, detail: detail + used, parameters: total, swatch };
    }),
    { name: 'norms', detail: 'of the blocks', parameters: anatomy.blocks.reduce((sum, block) => sum + block.normParameters, 0), swatch: 'norm' }, // prettier-ignore
    { name: 'head', detail: head.norm === null ? '' : 'with its norm', parameters: of('head.'), swatch: 'linear' },
  ];
  return rows.filter((row) => row.parameters > 0);
}

/** Mixers and feed-forwards by name, and the head. */
function workOf(model: Model, { flopsPerToken }: Costs, { parts }: Anatomy): Work[] {
  return Object.entries(flopsPerToken.byPart).map(([name, flops]) => {
    const swatch = parts.find((part) => part.name === name)?.swatch ?? 'linear';
    return { name, detail: name === 'head' ? `${model.dModel} → ${model.embed.rows}` : '', flops, swatch };
  });
}

/** What is nothing, or is said above, is left out. */
function costFacts(costs: Costs): Fact[] {
  return costRows
    .filter(({ name, read }) => !name.endsWith('parameters') && read(costs) > 0)
    .filter(({ name }) => costs.bytes.state > 0 || !name.startsWith('KV and state'))
    .map(({ name, unit, read }): Fact => {
      const value = read(costs);
      return [name, unit === 'bytes' ? bytes(value) : unit === 'count' ? count(value) : short(value)];
    });
}

function costText({ settings: { length, batch, weights, cache } }: Costs): string {
  return `${length} tokens, ${batch === 1 ? 'one sequence' : `${batch} sequences`}, weights ${weights}, cache ${cache}`;
}
