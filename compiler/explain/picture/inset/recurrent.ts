// Takes: a mixer with convolutions or recurrences of its own kind: conv, rg_lru, rwkv7. Gives: its inset.
// Promises: what is kept from token to token has the tone of a state.
import type { ConvSpec, RgLruSpec, Rwkv7Spec } from '../../../2-check/model.ts';
import { count } from '../draw/numbers.ts';
import { box, type Inset, type InsetContext, linear, operator, sizeOf, Sketch, terminal } from './inset.ts';
import { convCell } from './state-space.ts';

/** Gated short convolution (LFM2). */
export function convInset({ width, conv }: ConvSpec, context: InsetContext): Inset {
  const grid = new Sketch();
  const whole = { column: 0, columns: 3 };
  const x = grid.add(terminal('x', { rank: 0, ...whole }, `x · ${context.dModel}`));
  const input = grid.add(
    linear('in', { rank: 1, ...whole }, 'in', 'in', context, `${context.dModel} → 3 × ${width}`),
    x,
  );
  const b = grid.add(terminal('b', { rank: 2, column: 0 }, 'B'), input);
  const u = grid.add(terminal('u', { rank: 2, column: 1 }, 'u'), input);
  const c = grid.add(terminal('c', { rank: 2, column: 2 }, 'C'), input);
  const gated = grid.add(operator('gate', { rank: 3, column: 1 }, '×', 'B * u'), u, b);
  const mixed = grid.add(convCell({ rank: 4, column: 1 }, conv, width), gated);
  const out = grid.add(operator('gate-out', { rank: 5, column: 1 }, '×', 'times C'), mixed, c);
  const last = grid.add(linear('out', { rank: 6, ...whole }, 'out', 'out', context), out);
  grid.add(terminal('y', { rank: 7, ...whole }, `y · ${context.dModel}`), last);
  return {
    kind: 'gated short convolution',
    short: [`conv ${conv} · ${width}`],
    grid,
    formula: ['[B | C | u] = in(x)', 'y = out(C * conv(B * u))'],
    facts: [['width', String(width)], ['conv', `${conv} tokens, ${(conv - 1) * width} kept`]],
  }; // prettier-ignore
}

/** Real-gated linear recurrent unit, arXiv 2402.19427. */
export function rgLruInset({ width, heads, conv }: RgLruSpec, context: InsetContext): Inset {
  const grid = new Sketch();
  const whole = { column: 0, columns: 2 };
  const x = grid.add(terminal('x', { rank: 0, ...whole }, `x · ${context.dModel}`));
  const left = grid.add(linear('x-map', { rank: 1, column: 0 }, 'x', 'x', context), x);
  const mixed = grid.add(convCell({ rank: 2, column: 0 }, conv, width), left);
  const gates = sizeOf(context.weights, 'input_gate.') + sizeOf(context.weights, 'recurrent_gate.');
  const unit = grid.add(box('unit', { rank: 3, column: 0 }, 'state', ['RG-LRU', 'h = a h + √(1 − a²) i u', `state ${width}`, `gates ${heads} blocks · ${count(gates)}`]), mixed); // prettier-ignore
  const right = grid.add(linear('y-map', { rank: 1, column: 1 }, 'y', 'y', context), x);
  const act = grid.add(box('gelu', { rank: 2, column: 1 }, 'act', ['gelu']), right);
  const gated = grid.add(operator('gate', { rank: 4, column: 0 }, '×', 'product of the branches'), unit, act);
  const out = grid.add(linear('out', { rank: 5, ...whole }, 'out', 'out', context), gated);
  grid.add(terminal('end', { rank: 6, ...whole }, `y · ${context.dModel}`), out);
  return {
    kind: 'gated linear recurrence (RG-LRU)',
    short: [`RG-LRU · ${width}`],
    grid,
    formula: [
      'u = conv(x(x)); i = sigmoid(input_gate(u)); r = sigmoid(recurrent_gate(u))',
      'a = exp(-8 softplus(A_log) r);  h = a h + sqrt(1 - a²) (i u)',
      'y = out(h * gelu(y(x)))',
    ],
    facts: [
      ['width', String(width)],
      ['state', `${width} per sequence and layer`],
      ['gates', `block-diagonal, ${heads} blocks`],
      ['conv', `${conv} tokens, ${(conv - 1) * width} kept`],
    ],
  };
}

/** RWKV-7 time mix, arXiv 2503.14456. */
export function rwkv7Inset(spec: Rwkv7Spec, context: InsetContext): Inset {
  const { heads, headDim, decayRank, aRank, vRank, gRank, firstLayer } = spec;
  return {
    kind: `RWKV-7 time mix${firstLayer ? ', first layer' : ''}`,
    short: [`RWKV-7 ${heads} × ${headDim}`, `state ${headDim} × ${headDim} a head`],
    grid: rwkvGrid(spec, context),
    formula: [
      'x_i = x + shift_i * (x[t - 1] - x), for r, w, k, v, a, g',
      'w = exp(-e^(-½) sigmoid(decay(x_w))); a = sigmoid(a(x_a)); g = gate(x_g)',
      'S = S diag(w) + S (-κ) (a κ)ᵀ + v kᵀ;  o = S r',
      'y = O((norm(o) + (r · r_k k) v) * g)',
      ...(firstLayer ? [] : ['v = v + sigmoid(value(x_v)) * (v of the first layer - v)']),
    ],
    facts: [
      ['heads', `${heads} of ${headDim}`],
      ['state', `${heads} × ${headDim} × ${headDim} = ${heads * headDim * headDim} per sequence and layer`],
      ['ranks', `decay ${decayRank}, a ${aRank}, value ${firstLayer ? 'none' : vRank}, gate ${gRank}`],
    ],
  };
}

function rwkvGrid(spec: Rwkv7Spec, context: InsetContext): Sketch {
  const { heads, headDim, decayRank, aRank, vRank, gRank, firstLayer } = spec;
  const grid = new Sketch();
  const whole = { column: 0, columns: 3 };
  const size = (...names: string[]): string =>
    count(names.reduce((sum, name) => sum + sizeOf(context.weights, `${name}.`), 0));
  const x = grid.add(terminal('x', { rank: 0, ...whole }, `x · ${context.dModel}`));
  const shift = grid.add(box('shift', { rank: 1, ...whole }, 'state', ['token shift', 'six mixes with the token before'], 'x + shift * (x of the token before - x), for r, w, k, v, a, g; one vector is kept'), x); // prettier-ignore
  const rkv = grid.add(
    box('rkv', { rank: 2, column: 0 }, 'linear', ['R, K, V', `${heads} × ${headDim}`, size('r', 'k', 'v')]),
    shift,
  );
  const names = ['decay', 'a', ...(firstLayer ? [] : ['value'])];
  const low = grid.add(box('low', { rank: 2, column: 1 }, 'linear', ['low rank', `decay ${decayRank}, a ${aRank}${firstLayer ? '' : `, v ${vRank}`}`, size(...names)]), shift); // prettier-ignore
  const gate = grid.add(box('gate', { rank: 2, column: 2 }, 'linear', ['gate', `rank ${gRank}`, size('gate')]), shift);
  const scan = grid.add(box('scan', { rank: 3, column: 0, columns: 2 }, 'state', ['generalized delta rule', 'S = S diag(w) − S κ (a κ)ᵀ + v kᵀ', `${heads} heads × ${headDim} × ${headDim}`]), rkv, low); // prettier-ignore
  const normed = grid.add(
    box('norm', { rank: 4, column: 0, columns: 2 }, 'norm', ['GroupNorm', 'per head, + bonus (r·k) v']),
    scan,
  );
  const gated = grid.add(operator('gated', { rank: 5, column: 0, columns: 2 }, '×', 'times the gate'), normed, gate);
  const o = grid.add(linear('o', { rank: 6, ...whole }, 'O', 'o', context), gated);
  grid.add(terminal('y', { rank: 7, ...whole }, `y · ${context.dModel}`), o);
  return grid;
}
