// Takes: a feed-forward. Gives: its inset.
// Promises: a gated one shows its two maps joined by a product.
import type { ActivationName, ChannelMixSpec, GluSpec, MlpSpec, NormSpec } from '../../../2-check/model.ts';
import { actName } from '../../../2-check/parameters/activations.ts';
import { short } from '../draw/numbers.ts';
import { box, type Inset, type InsetContext, linear, normBox, operator, Sketch, terminal } from './inset.ts';

const actTitles: { readonly [K in ActivationName]: string } = {
  silu: 'x sigmoid(x)',
  gelu: 'x Φ(x)',
  gelu_tanh: 'x Φ(x), by tanh',
  quick_gelu: 'x sigmoid(1.702 x)',
  relu: 'max(x, 0)',
  relu2: 'max(x, 0)²',
  sigmoid: '1 / (1 + exp(-x))',
  tanh: 'tanh(x)',
  identity: 'x',
  xielu: 'x > 0: p x² + β x, else n (exp(x) - 1 - x) + β x',
};

const gluNames: { readonly [K in ActivationName]?: string } = { silu: 'SwiGLU', gelu: 'GeGLU', gelu_tanh: 'GeGLU', relu: 'ReGLU', identity: 'bilinear' }; // prettier-ignore

export function gluInset(spec: GluSpec, context: InsetContext): Inset {
  const { width, norm } = spec;
  const act = actName(spec.act);
  const whole = { column: 0, columns: 2 };
  const last = norm === null ? 'product' : 'norm';
  return {
    kind: `gated feed-forward${gluNames[act] === undefined ? '' : ` (${gluNames[act]})`}`,
    short: [`${gluNames[act] ?? `glu ${act}`} · ${width}`],
    grid: {
      cells: [
        terminal('x', { rank: 0, ...whole }, `x · ${context.dModel}`),
        linear('gate', { rank: 1, column: 0 }, 'gate', 'gate', context),
        linear('up', { rank: 1, column: 1 }, 'up', 'up', context),
        box('act', { rank: 2, column: 0 }, 'act', [act], `${act}: ${actTitles[act]}`),
        operator('product', { rank: 3, column: 0 }, '×', 'product, element by element'),
        ...(norm === null ? [] : [normBox('norm', { rank: 4, ...whole }, norm)]),
        linear('down', { rank: norm === null ? 4 : 5, ...whole }, 'down', 'down', context),
        terminal('y', { rank: norm === null ? 5 : 6, ...whole }, `y · ${context.dModel}`),
      ],
      edges: [
        { from: 'x', to: 'gate' },
        { from: 'x', to: 'up' },
        { from: 'gate', to: 'act' },
        { from: 'act', to: 'product' },
        { from: 'up', to: 'product' },
        ...(norm === null ? [] : [{ from: 'product', to: 'norm' }]),
        { from: last, to: 'down' },
        { from: 'down', to: 'y' },
      ],
    },
    formula: [`y = down(${normed(norm, `${gateText(spec)} * ${upText(spec)}`)})`, `${act}(x) = ${actTitles[act]}`],
    facts: facts(spec, context),
  };
}

export function mlpInset(spec: MlpSpec, context: InsetContext): Inset {
  const { width, norm } = spec;
  const act = actName(spec.act);
  return {
    kind: 'feed-forward',
    short: [`MLP ${act} · ${width}`],
    grid: {
      cells: [
        terminal('x', { rank: 0, column: 0 }, `x · ${context.dModel}`),
        linear('up', { rank: 1, column: 0 }, 'up', 'up', context),
        box('act', { rank: 2, column: 0 }, 'act', [act], `${act}: ${actTitles[act]}`),
        ...(norm === null ? [] : [normBox('norm', { rank: 3, column: 0 }, norm)]),
        linear('down', { rank: norm === null ? 3 : 4, column: 0 }, 'down', 'down', context),
        terminal('y', { rank: norm === null ? 4 : 5, column: 0 }, `y · ${context.dModel}`),
      ],
      edges: [
        { from: 'x', to: 'up' },
        { from: 'up', to: 'act' },
        ...(norm === null ? [] : [{ from: 'act', to: 'norm' }]),
        { from: norm === null ? 'act' : 'norm', to: 'down' },
        { from: 'down', to: 'y' },
      ],
    },
    formula: [`y = down(${normed(norm, `${act}(up(x))`)})`, `${act}(x) = ${actTitles[act]}`],
    facts: facts(spec, context),
  };
}

const normed = (norm: NormSpec | null, text: string): string => (norm === null ? text : `norm(${text})`);

/** gpt-oss clamps both sides and adds an offset to `up`. */
function gateText({ act, clamp }: GluSpec): string {
  const name = actName(act);
  return clamp === null ? `${name}(gate(x))` : `${name}(min(gate(x), ${short(clamp)}))`;
}

function upText({ clamp, upOffset }: GluSpec): string {
  const up = clamp === null ? 'up(x)' : `clamp(up(x), ±${short(clamp)})`;
  return upOffset === 0 ? up : `(${up} + ${short(upOffset)})`;
}

export function channelMixInset(spec: ChannelMixSpec, context: InsetContext): Inset {
  const { act, width } = spec;
  const grid = new Sketch();
  const x = grid.add(terminal('x', { rank: 0, column: 0 }, `x · ${context.dModel}`));
  const shift = grid.add(box('shift', { rank: 1, column: 0 }, 'state', ['token shift', 'with the token before'], 'x + shift * (x of the token before - x); one vector is kept'), x); // prettier-ignore
  const up = grid.add(linear('up', { rank: 2, column: 0 }, 'up', 'up', context), shift);
  const turned = grid.add(box('act', { rank: 3, column: 0 }, 'act', [act], `${act}: ${actTitles[act]}`), up);
  const down = grid.add(linear('down', { rank: 4, column: 0 }, 'down', 'down', context), turned);
  grid.add(terminal('y', { rank: 5, column: 0 }, `y · ${context.dModel}`), down);
  return {
    kind: 'channel mix',
    short: [`channel mix ${act} · ${width}`],
    grid,
    formula: [`s = x + shift * (x[t - 1] - x)`, `y = down(${act}(up(s)))`],
    facts: [['width', `${width} (${short(width / context.dModel)} × d_model)`], ['act', act]],
  }; // prettier-ignore
}

function facts(spec: GluSpec | MlpSpec, { dModel }: InsetContext): Inset['facts'] {
  const names = spec.kind === 'glu' ? (['gate', 'up', 'down'] as const) : (['up', 'down'] as const);
  const biased = names.filter((name) => (spec.kind === 'glu' ? spec[name].bias : name !== 'gate' && spec[name].bias));
  return [
    ['width', `${spec.width} (${short(spec.width / dModel)} × d_model)`],
    ['act', actName(spec.act)],
    ...(spec.norm === null ? [] : [['norm', spec.norm.kind] as const]),
    ...(spec.kind === 'glu' && spec.clamp !== null ? [['clamp', short(spec.clamp)] as const] : []),
    ...(spec.kind === 'glu' && spec.upOffset !== 0 ? [['up_offset', short(spec.upOffset)] as const] : []),
    ...(biased.length === 0 ? [] : [['bias', biased.join(', ')] as const]),
  ];
}
