// Takes: a checked model. Gives: its parameters: names, shapes, how they start, their optimizer class.
// Promises: each weight once, however often it is used; an order that depends on the model alone.
import type { BlockExpr, Equation, Model, TransformSpec } from '../model.ts';
import { activationParameters } from './activations.ts';
import { ffnParameters, ffnStates } from './ffns.ts';
import { mixerParameters } from './mixers.ts';
import { constant, dim, elements, linear, norm, tensor, vector, within, type Parameter, type ParameterDim } from './parameter.ts'; // prettier-ignore

/** The parameters of a model in order: embedding, layers in order of use, head, multi-token prediction. */
export function parameters(model: Model): readonly Parameter[] {
  return [...embedParameters(model), ...layersOf(model), ...headParameters(model), ...mtpParameters(model)];
}

/**
 * What a checkpoint of the model holds beside its parameters, with the value it starts at: biases that select experts,
 * constants of activations.
 */
export function states({ layers, mtp }: Model): readonly Parameter[] {
  const modules = Array.from({ length: mtp?.depth ?? 0 }, (_, depth) => [`mtp.${depth}`, mtp?.layer.equations ?? []] as const); // prettier-ignore
  const all = [...layers.map(({ index, equations }) => [`layers.${index}`, equations] as const), ...modules];
  return all.flatMap(([path, equations]) => within(path, equationStates(equations)));
}

export interface ParameterCount {
  /** Without the modules of multi-token prediction, which generation does not need. */
  readonly total: number;
  /** Of these, what one token uses: all but the experts that were not chosen. */
  readonly active: number;
  readonly mtp: number;
}

/** As `parameters` sums to, each distinct layer counted once. */
export function parameterCount(model: Model): ParameterCount {
  const dModel = dim('d_model', model.dModel);
  const layers = new Map<readonly Equation[], { total: number; active: number }>();
  let { total, active } = sum([...embedParameters(model), ...headParameters(model)]);
  for (const { equations } of model.layers) {
    const layer = layers.get(equations) ?? sum(equationParameters(equations, dModel));
    layers.set(equations, layer);
    total += layer.total;
    active += layer.active;
  }
  return { total, active, mtp: sum(mtpParameters(model)).total };
}

/** Of a list. */
export function sum(list: readonly Parameter[]): { total: number; active: number } {
  let [total, active] = [0, 0];
  for (const each of list) {
    total += elements(each);
    active += elements(each) * each.active;
  }
  return { total, active: Math.round(active) };
}

export function embedParameters({ dModel: width, embed }: Model): Parameter[] {
  const dModel = dim('d_model', width);
  const row = embed.factor === null ? dModel : dim('embed_dim', embed.factor.dim);
  const list = [tensor('embed.weight', [dim('vocab', embed.rows), row], embed.init, 'embed')];
  if (embed.factor) list.push(...linear('embed.project', embed.factor.projection, dModel, row));
  if (embed.positions) {
    const position = dim('position', embed.positions.length + embed.positions.offset);
    list.push(tensor('embed.positions', [position, dModel], embed.positions.init, 'embed'));
  }
  return [...list, ...norm('embed.norm', embed.norm, dModel)];
}

function layersOf({ layers, dModel }: Model): Parameter[] {
  const width = dim('d_model', dModel);
  return layers.flatMap(({ index, equations }) => within(`layers.${index}`, equationParameters(equations, width)));
}

export function headParameters({ dModel: width, embed, head }: Model): Parameter[] {
  const [vocab, dModel] = [dim('vocab', embed.rows), dim('d_model', width)];
  const state = head.factor === null ? dModel : dim('embed_dim', head.factor.dim);
  return [
    ...norm('head.norm', head.norm, dModel),
    ...transformParameters(head.transform, dModel),
    ...(head.factor === null ? [] : linear('head.project', head.factor.projection, state, dModel)),
    ...(embed.tied ? [] : [tensor('head.weight', [vocab, state], head.init, 'head', state.size)]),
    ...(head.bias ? [vector('head.bias', [vocab], constant(0))] : []),
  ];
}

function transformParameters(transform: TransformSpec | null, dModel: ParameterDim): Parameter[] {
  if (transform === null) return [];
  const name = 'head.transform';
  return [
    ...linear(name, transform.projection, dim('transformed', dModel.size), dModel),
    ...within(name, activationParameters(transform.act)),
    ...norm(`${name}.norm`, transform.norm, dModel),
  ];
}

function mtpParameters(model: Model): Parameter[] {
  const module = mtpModule(model);
  const { depth: modules = 0 } = model.mtp ?? {};
  return Array.from({ length: modules }, (_, depth) => within(`mtp.${depth}`, module)).flat();
}

/** Of one module, relative to it. */
export function mtpModule({ dModel: width, mtp, embed }: Model): Parameter[] {
  if (mtp === null) return [];
  const dModel = dim('d_model', width);
  const rows = [dim('vocab', embed.rows), dModel];
  const inputs = mtp.input.flatMap(({ norm: spec, instance }) => norm(instance ?? 'norm', spec, dModel));
  return [
    ...inputs,
    ...linear('project', mtp.projection, dModel, dim('input', width * mtp.input.length)),
    ...equationParameters(mtp.layer.equations, dModel),
    ...norm('norm', mtp.norm, dModel),
    ...(['embed', 'head'] as const).flatMap((place) =>
      mtp.share.includes(place) ? [] : [tensor(`${place}.weight`, rows, embed.init, place)],
    ),
  ];
}

/** `states` of one layer, relative to it. */
export function equationStates(equations: readonly Equation[]): Parameter[] {
  const found = new Map<string, readonly Parameter[]>();
  const visit = (expr: BlockExpr): void => {
    if (expr.kind === 'arithmetic') [expr.left, expr.right].forEach(visit);
    if ('input' in expr) visit(expr.input);
    if (expr.kind === 'ffn') found.set(expr.name, within(expr.name, ffnStates(expr.spec)));
  };
  equations.forEach(({ value }) => visit(value));
  return [...found.values()].flat();
}

/** Of one layer: norm instances, mixers and ffns in order of use, each name once. */
export function equationParameters(equations: readonly Equation[], dModel: ParameterDim): Parameter[] {
  const parts = new Map<string, readonly Parameter[]>();
  const visit = (expr: BlockExpr): void => {
    if (expr.kind === 'arithmetic') [expr.left, expr.right].forEach(visit);
    if (!('input' in expr)) return;
    visit(expr.input);
    const name = expr.kind === 'norm' ? expr.instance : expr.name;
    if (parts.has(name)) return;
    if (expr.kind === 'norm') parts.set(name, norm(name, expr.spec, dModel));
    else if (expr.kind === 'mixer') parts.set(name, within(name, mixerParameters(expr.spec, dModel)));
    else parts.set(name, within(name, ffnParameters(expr.spec, dModel)));
  };
  equations.forEach(({ value }) => visit(value));
  return [...parts.values()].flat();
}
