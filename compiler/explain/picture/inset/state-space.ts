// Takes: a mamba or mamba2 mixer. Gives: its inset.
// Promises: what is carried from token to token stands in cells of its own tone, with its size.
import type { Mamba2Spec, MambaSpec, OutputNormSpec } from '../../../2-check/model.ts';
import { box, type Inset, type InsetContext, linear, note, operator, Sketch, terminal } from './inset.ts';

/** Selective state space, arXiv 2312.00752. */
export function mambaInset(spec: MambaSpec, context: InsetContext): Inset {
  const { inner, state, conv, dtRank } = spec;
  return {
    kind: 'selective state space (Mamba)',
    short: [`Mamba · ${inner}`, `state ${inner} × ${state}`],
    grid: mambaGrid(spec, context),
    formula: [
      '[u | z] = in(x); u = silu(conv(u)); [Δ | B | C] = x(u)',
      'h = exp(Δ A) h + Δ B u;  o = C h + D u',
      'y = out(o * silu(z))',
    ],
    facts: [
      ['inner', `${inner} (${inner / context.dModel} × d_model)`],
      ['state', `${inner} × ${state} = ${inner * state} per sequence and layer`],
      ['conv', `${conv} tokens, ${(conv - 1) * inner} kept`],
      ['dt_rank', String(dtRank)],
      ...(spec.innerNorm === null ? [] : [['norms', 'of Δ, B and C'] as const]),
    ],
  };
}

function mambaGrid({ inner, state, conv, dtRank, innerNorm }: MambaSpec, context: InsetContext): Sketch {
  const grid = new Sketch();
  const whole = { column: 0, columns: 3 };
  const x = grid.add(terminal('x', { rank: 0, ...whole }, `x · ${context.dModel}`));
  const input = grid.add(
    linear('in', { rank: 1, ...whole }, 'in', 'in', context, `${context.dModel} → 2 × ${inner}`),
    x,
  );
  const mixed = grid.add(convCell({ rank: 2, column: 0 }, conv, inner), input);
  const u = grid.add(box('silu', { rank: 3, column: 0 }, 'act', ['silu']), mixed);
  const select = grid.add(linear('select', { rank: 4, column: 1 }, 'Δ, B, C', 'x', context, `${inner} → ${dtRank} + 2 × ${state}`), u); // prettier-ignore
  const normed = innerNorm === null ? select : grid.add(box('norms', { rank: 5, column: 1 }, 'norm', [note('norms of Δ, B, C')]), select); // prettier-ignore
  const step = grid.add(linear('dt', { rank: 6, column: 1 }, 'Δ up, softplus', 'dt', context), normed);
  const scan = grid.add(box('scan', { rank: 7, column: 0, columns: 2 }, 'state', ['selective scan', 'h = exp(Δ A) h + Δ B u', `state ${inner} × ${state}`]), u, step); // prettier-ignore
  const z = grid.add(box('z', { rank: 2, column: 2 }, 'act', ['silu', 'z']), input);
  const gated = grid.add(operator('gate', { rank: 8, column: 0, columns: 2 }, '×', 'gated by silu(z)'), scan, z);
  const out = grid.add(linear('out', { rank: 9, ...whole }, 'out', 'out', context), gated);
  grid.add(terminal('y', { rank: 10, ...whole }, `y · ${context.dModel}`), out);
  return grid;
}

/** A causal convolution per channel keeps the inputs of the tokens before. */
export function convCell(place: { rank: number; column: number; columns?: number }, conv: number, channels: number) {
  const title = `causal convolution over ${conv} tokens, per channel; keeps ${conv - 1} × ${channels} numbers`;
  return box('conv', place, 'state', [`conv ${conv}`, `${channels} channels`], title);
}

/** State space with a decay per head, arXiv 2405.21060. */
export function mamba2Inset(spec: Mamba2Spec, context: InsetContext): Inset {
  const { heads, headDim, state, groups, conv, chunk, out } = spec;
  return {
    kind: 'state space (Mamba-2)',
    short: [`Mamba-2 · ${heads} × ${headDim}`, `state ${headDim} × ${state} a head`],
    grid: mamba2Grid(spec, context),
    formula: [
      '[z | u, B, C | Δ] = in(x); u, B, C = silu(conv(u, B, C)); Δ = softplus(Δ + b)',
      'h = exp(-Δ exp(A_log)) h + Δ u Bᵀ;  o = h C + D u, for each head',
      `y = out(${outputText(out)})`,
    ],
    facts: [
      ['heads', `${heads} of ${headDim}`],
      ['state', `${heads} × ${headDim} × ${state} = ${heads * headDim * state} per sequence and layer`],
      ['groups', `${groups}: heads that share B and C`],
      ['conv', `${conv} tokens, ${(conv - 1) * (heads * headDim + 2 * groups * state)} kept`],
      ['chunk', `${chunk} tokens at once in training`],
    ],
  };
}

export function outputText(out: OutputNormSpec | null): string {
  if (out === null) return 'o';
  if (out.gate === 'none') return 'norm(o)';
  return out.order === 'gate_then_norm' ? `norm(o * ${out.gate}(z))` : `norm(o) * ${out.gate}(z)`;
}

function mamba2Grid(spec: Mamba2Spec, context: InsetContext): Sketch {
  const { heads, headDim, state, groups, conv, out } = spec;
  const [inner, shared] = [heads * headDim, 2 * groups * state];
  const grid = new Sketch();
  const whole = { column: 0, columns: 3 };
  const x = grid.add(terminal('x', { rank: 0, ...whole }, `x · ${context.dModel}`));
  const input = grid.add(linear('in', { rank: 1, ...whole }, 'in', 'in', context, `${context.dModel} → ${inner} + ${inner + shared} + ${heads}`), x); // prettier-ignore
  const mixed = grid.add(convCell({ rank: 2, column: 0 }, conv, inner + shared), input);
  const u = grid.add(box('silu', { rank: 3, column: 0 }, 'act', ['silu', 'u, B, C']), mixed);
  const step = grid.add(
    box('dt', { rank: 3, column: 1 }, 'act', ['softplus', `Δ · ${heads}`], 'step size of each head'),
    input,
  );
  const scan = grid.add(box('scan', { rank: 4, column: 0, columns: 2 }, 'state', ['state space scan', 'h = e^(-Δ a) h + Δ u Bᵀ', `${heads} heads × ${headDim} × ${state}`]), u, step); // prettier-ignore
  addOutput(grid, { out, z: input, zColumn: 2, scan, rank: 5, whole, scanColumns: 2 }, context);
  return grid;
}

interface OutputPlace {
  readonly out: OutputNormSpec | null;
  /** What the gate comes from, and where. */
  readonly z: string;
  readonly zColumn: number;
  readonly scan: string;
  readonly scanColumns: number;
  readonly rank: number;
  readonly whole: { readonly column: number; readonly columns: number };
}

/** Gate and norm in their order, the last map, the end. */
export function addOutput(grid: Sketch, place: OutputPlace, context: InsetContext): void {
  const { out, z, zColumn, scan, scanColumns, whole } = place;
  let [rank, y] = [place.rank, scan];
  const steps: ('norm' | 'gate')[] =
    out === null ? [] : out.gate === 'none' ? ['norm'] : out.order === 'gate_then_norm' ? ['gate', 'norm'] : ['norm', 'gate']; // prettier-ignore
  for (const step of steps) {
    const at = { rank: rank++, column: 0, columns: scanColumns };
    if (step === 'norm') {
      const kind = out?.norm.kind === 'layer' ? 'LayerNorm' : 'RMSNorm';
      y = grid.add(box('out-norm', at, 'norm', [kind, `per ${out?.per ?? 'full'}`]), y);
    } else {
      const gate = grid.add(box('z', { rank: 2, column: zColumn }, 'act', [out?.gate ?? 'none', 'z']), z);
      y = grid.add(operator('gate', at, '×', 'the gate, element by element'), y, gate);
    }
  }
  const last = grid.add(linear('out', { rank, ...whole }, 'out', 'out', context), y);
  grid.add(terminal('y', { rank: rank + 1, ...whole }, `y · ${context.dModel}`), last);
}
