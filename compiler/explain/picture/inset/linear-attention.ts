// Takes: a mixer whose state is a matrix per head: linear attention, the gated delta rule. Gives: its inset.
// Promises: the state has a cell of its own, with its size.
import type { GatedDeltaSpec, LinearSpec } from '../../../2-check/model.ts';
import { count, short } from '../draw/numbers.ts';
import { box, type Inset, type InsetContext, linear, linearFacts, note, operator, Sketch, terminal } from './inset.ts';
import { addOutput, convCell, outputText } from './state-space.ts';

/** arXiv 2412.06464 */
export function gatedDeltaInset(spec: GatedDeltaSpec, context: InsetContext): Inset {
  const { kHeads, vHeads, kDim, vDim, conv } = spec;
  return {
    kind: 'gated delta rule',
    short: [`gated delta ${kHeads}/${vHeads} heads`, `state ${kDim} × ${vDim} a head`],
    grid: deltaGrid(spec, context),
    formula: [
      `q, k, v = silu(conv(Q(x), K(x), V(x)))${spec.qkNormEps === null ? '' : ', q and k of length 1'}`,
      `g = ${spec.decay}; beta = ${spec.beta}`,
      'S = exp(g) S;  S = S + k (beta (v - Sᵀ k))ᵀ;  o = Sᵀ q',
      `y = out(${outputText(spec.out)})`,
    ],
    facts: [
      ['k_heads', `${kHeads} of ${kDim}`],
      ['v_heads', `${vHeads} of ${vDim}`],
      ['state', `${vHeads} × ${kDim} × ${vDim} = ${vHeads * kDim * vDim} per sequence and layer`],
      ['conv', `${conv} tokens, ${(conv - 1) * (2 * kHeads * kDim + vHeads * vDim)} kept`],
      ['q_scale', short(spec.qScale)],
      ['chunk', `${spec.chunk} tokens at once in training`],
    ],
  };
}

function deltaGrid(spec: GatedDeltaSpec, context: InsetContext): Sketch {
  const { kHeads, vHeads, kDim, vDim, conv } = spec;
  const grid = new Sketch();
  const whole = { column: 0, columns: spec.out === null || spec.out.gate === 'none' ? 2 : 3 };
  const x = grid.add(terminal('x', { rank: 0, ...whole }, `x · ${context.dModel}`));
  const sizes = (['q', 'k', 'v'] as const).reduce((sum, name) => sum + linearFacts(name, context).total, 0);
  const lines = ['Q, K, V', `q, k: ${kHeads} × ${kDim}`, `v: ${vHeads} × ${vDim}`, count(sizes)];
  const qkv = grid.add(box('qkv', { rank: 1, column: 0 }, 'linear', lines), x);
  const mixed = grid.add(convCell({ rank: 2, column: 0 }, conv, 2 * kHeads * kDim + vHeads * vDim), qkv);
  const act = grid.add(box('silu', { rank: 3, column: 0 }, 'act', ['silu']), mixed);
  const unit =
    spec.qkNormEps === null ? act : grid.add(box('l2', { rank: 4, column: 0 }, 'norm', ['L2 norm', 'of q and k']), act);
  const ab = grid.add(box('ab', { rank: 1, column: 1 }, 'linear', ['a, b', `2 × ${vHeads}`, count(linearFacts('a', context).total + linearFacts('b', context).total)]), x); // prettier-ignore
  const rates = grid.add(box('rates', { rank: 4, column: 1 }, 'act', ['decay, β', 'one per head'], `g = ${spec.decay}; beta = ${spec.beta}`), ab); // prettier-ignore
  const scan = grid.add(box('scan', { rank: 5, column: 0, columns: 2 }, 'state', ['delta rule', 'S = e^g S + k (β (v − Sᵀk))ᵀ', `${vHeads} heads × ${kDim} × ${vDim}`]), unit, rates); // prettier-ignore
  const z = whole.columns === 2 ? '' : grid.add(linear('z-map', { rank: 1, column: 2 }, 'Z', 'z', context), x);
  addOutput(grid, { out: spec.out, z, zColumn: 2, scan, rank: 6, whole, scanColumns: 2 }, context);
  return grid;
}

/** Lightning attention, arXiv 2501.08313. */
export function linearInset(spec: LinearSpec, context: InsetContext): Inset {
  const { heads, headDim, feature, decay, gate } = spec;
  const map = feature === 'identity' ? '' : `, each through ${feature}`;
  const slope = decay.kind === 'none' ? 'none' : `e^(-s), s = ${short(decay.base)}^h${decay.depthScaled ? ', less in deeper layers' : ''}`; // prettier-ignore
  return {
    kind: 'linear attention',
    short: [`linear ${heads} × ${headDim}`, `state ${headDim} × ${headDim} a head`],
    grid: linearGrid(spec, context),
    formula: [
      `q, k, v = Q(x), K(x), V(x)${map}`,
      `S = ${decay.kind === 'none' ? 'S' : 'e^(-s) S'} + kᵀ v;  o = q S, for each head`,
      `y = O(${spec.outNorm === null ? 'o' : 'norm(o)'}${gate === null ? '' : ` * ${gate.act}(gate(x))`})`,
    ],
    facts: [
      ['heads', `${heads} of ${headDim}`],
      ['state', `${heads} × ${headDim} × ${headDim} = ${heads * headDim * headDim} per sequence and layer`],
      ['feature', feature],
      ['decay', slope],
      ...(gate === null ? [] : [['gate', `${gate.act} per ${gate.per}`] as const]),
    ],
  };
}

function linearGrid(spec: LinearSpec, context: InsetContext): Sketch {
  const { heads, headDim, feature, decay, outNorm, gate } = spec;
  const grid = new Sketch();
  const [whole, inner] = [
    { column: 0, columns: gate === null ? 3 : 4 },
    { column: 0, columns: 3 },
  ];
  const x = grid.add(terminal('x', { rank: 0, ...whole }, `x · ${context.dModel}`));
  const maps = (['q', 'k', 'v'] as const).map((name, column) =>
    grid.add(linear(name, { rank: 1, column }, name.toUpperCase(), name, context, `${heads} × ${headDim}`), x),
  );
  let rank = 2;
  const mapped = feature === 'identity' ? maps : [grid.add(box('feature', { rank: rank++, ...inner }, 'act', [`${feature} of q, k and v`]), ...maps)]; // prettier-ignore
  const rule = `S = ${decay.kind === 'none' ? 'S' : 'e^(-s) S'} + kᵀ v`;
  let y = grid.add(box('scan', { rank: rank++, ...inner }, 'state', ['linear attention', rule, `${heads} heads × ${headDim} × ${headDim}`]), ...mapped); // prettier-ignore
  if (outNorm !== null) y = grid.add(box('norm', { rank: rank++, ...inner }, 'norm', [outNorm.kind === 'rms' ? 'RMSNorm' : 'LayerNorm']), y); // prettier-ignore
  if (gate !== null) {
    const map = grid.add(linear('gate', { rank: 1, column: 3 }, 'gate', 'gate', context), x);
    const open = grid.add(box('gate-act', { rank: 2, column: 3 }, 'act', [{ text: gate.act, bold: true }, note(`per ${gate.per}`)]), map); // prettier-ignore
    y = grid.add(operator('gated', { rank: rank++, ...inner }, '×', `gated per ${gate.per}`), y, open);
  }
  const o = grid.add(linear('o', { rank, ...inner }, 'O', 'o', context), y);
  grid.add(terminal('y', { rank: rank + 1, ...inner }, `y · ${context.dModel}`), o);
  return grid;
}
