// Takes: a feed-forward part. Gives: its parameters, relative to it.
// Promises: one rule per kind; experts stand stacked, the router beside them.
import type { FfnSpec } from '../model.ts';
import type { RouterSpec } from '../model.ts';
import { activationParameters, activationStates } from './activations.ts';
import {
  constant,
  dim,
  linear,
  norm,
  stacked,
  vector,
  within,
  type Parameter,
  type ParameterDim,
} from './parameter.ts';

type SpecOf<K extends FfnSpec['kind']> = Extract<FfnSpec, { readonly kind: K }>;

export function ffnParameters(spec: FfnSpec, dModel: ParameterDim): Parameter[] {
  // The row of the spec's own kind.
  const rule = rules[spec.kind] as (spec: FfnSpec, dModel: ParameterDim) => Parameter[];
  return rule(spec, dModel);
}

/** [n, d_model]; noise that is learned has a matrix of its own. */
export function routerParameters(router: RouterSpec, n: number, dModel: ParameterDim): Parameter[] {
  const [expert, map] = [dim('expert', n), { init: router.init }];
  return [
    ...linear('router', { ...map, bias: router.bias }, expert, dModel),
    ...(router.noise?.kind === 'additive' ? linear('router.noise', { ...map, bias: false }, expert, dModel) : []),
  ];
}

/** What a checkpoint holds beside the parameters and gradients do not move: biases that select, constants of activations. */
export function ffnStates(spec: FfnSpec): Parameter[] {
  if (spec.kind === 'mlp' || spec.kind === 'glu') return activationStates(spec.act);
  if (spec.kind !== 'experts') return [];
  const { n, topK, expert, shared, router } = spec;
  return [
    ...(router.selectBias === null ? [] : [vector('router.select_bias', [dim('expert', n)], constant(0))]),
    ...within('expert', stacked(ffnStates(expert), n, topK)),
    ...(shared === null ? [] : within('shared', ffnStates(shared.expert))),
  ];
}

const rules: { readonly [K in FfnSpec['kind']]: (spec: SpecOf<K>, dModel: ParameterDim) => Parameter[] } = {
  mlp({ act, width, norm: of, up, down }, dModel) {
    const inner = dim('width', width);
    return [
      ...linear('up', up, inner, dModel),
      ...activationParameters(act),
      ...norm('norm', of, inner),
      ...linear('down', down, dModel, inner),
    ];
  },
  glu({ act, width, norm: of, gate, up, down }, dModel) {
    const inner = dim('width', width);
    return [
      ...linear('gate', gate, inner, dModel),
      ...linear('up', up, inner, dModel),
      ...activationParameters(act),
      ...norm('norm', of, inner),
      ...linear('down', down, dModel, inner),
    ];
  },
  channel_mix({ width, up, down }, dModel) {
    const inner = dim('width', width);
    return [
      vector('shift_k', [dModel], constant(0)),
      ...linear('up', up, inner, dModel),
      ...linear('down', down, dModel, inner),
    ];
  },
  experts({ n, topK, expert, shared, router }, dModel) {
    const all = shared === null ? [] : within('shared', ffnParameters(shared.expert, dModel));
    const gate = shared?.gate ? linear('shared_gate', shared.gate, dim('one', 1), dModel) : [];
    return [
      ...routerParameters(router, n, dModel),
      ...within('expert', stacked(ffnParameters(expert, dModel), n, topK)),
      ...all,
      ...gate,
    ];
  },
};
