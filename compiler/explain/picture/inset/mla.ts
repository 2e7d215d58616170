// Takes: a multi-head latent attention mixer. Gives: its inset.
// Promises: shows what is low in rank and what is cached.
import { maskText } from '../../../2-check/canonical/tree.ts';
import type { MlaSpec } from '../../../2-check/model.ts';
import { short } from '../draw/numbers.ts';
import { ropeText } from './attention.ts';
import { headsArt } from './heads-art.ts';
import { box, type Inset, type InsetContext, linear, note, Sketch, terminal } from './inset.ts';
import { beside, maskArt, shortMask } from './mask-art.ts';

/** arXiv 2405.04434 */
export function mlaInset(spec: MlaSpec, context: InsetContext): Inset {
  const { heads, qRank, kvRank, nopeDim, ropeDim, vDim } = spec;
  return {
    kind: 'multi-head latent attention',
    short: [
      `MLA ${heads} heads`,
      `latent ${kvRank} + ${ropeDim}`,
      ...(spec.mask.kind === 'causal' ? [] : [shortMask(spec.mask)]),
    ],
    grid: mlaGrid(spec, context),
    formula: [
      qRank === null ? 'q = Q(x)' : `q = q_up(norm(q_down(x)))`,
      '[c | k_rope] = kv_down(x); [k_nope | v] = kv_up(norm(c))',
      'k = [k_nope | rope(k_rope)], k_rope shared by all heads',
      `y = O(softmax(${scoreText(spec)} over ${maskText(spec.mask)}) v)`,
    ],
    facts: [
      ['heads', `${heads}: ${nopeDim} without rope, ${ropeDim} with, values of ${vDim}`],
      ['q_rank', qRank === null ? 'none' : String(qRank)],
      ['kv_rank', String(kvRank)],
      ['rope', spec.rope === null ? 'none' : ropeText(spec.rope, ropeDim)],
      ['cache', `${spec.cache}: ${keptOf(spec)} per token and layer`],
      ['scale', short(spec.scale)],
      ...(spec.softcap === null ? [] : [['softcap', short(spec.softcap)] as const]),
    ],
  };
}

function scoreText({ scale, softcap }: MlaSpec): string {
  return softcap === null ? `${short(scale)} q·k` : `${short(softcap)} tanh(${short(scale)} q·k / ${short(softcap)})`;
}

function keptOf({ cache, heads, kvRank, nopeDim, ropeDim, vDim }: MlaSpec): number {
  return cache === 'latent' ? kvRank + ropeDim : heads * (nopeDim + ropeDim + vDim);
}

function mlaGrid(spec: MlaSpec, context: InsetContext): Sketch {
  const { heads, nopeDim, ropeDim, kvRank, vDim, cache } = spec;
  const grid = new Sketch();
  const whole = { column: 0, columns: 3 };
  const x = grid.add(terminal('x', { rank: 0, ...whole }, `x · ${context.dModel}`));
  const q = addQueries(grid, spec, context, x);
  const down = grid.add(linear('kv_down', { rank: 1, column: 1, columns: 2 }, 'KV down', 'kv_down', context, `${context.dModel} → ${kvRank} + ${ropeDim}`), x); // prettier-ignore
  const latent = spec.latentNorm === null ? down : grid.add(box('kv_norm', { rank: 2, column: 1 }, 'norm', ['RMSNorm', `c · ${kvRank}`]), down); // prettier-ignore
  const turned = spec.rope === null ? down : grid.add(box('k-rope', { rank: 2, column: 2 }, 'act', ['RoPE', `k_r · ${ropeDim}`], 'rotary positions of the part of the keys that all heads share'), down); // prettier-ignore
  const title = `kept for every token of the context: ${keptOf(spec)} numbers in each layer`;
  const up = (rank: number, from: string): string =>
    grid.add(
      linear('kv_up', { rank, column: 1 }, 'KV up', 'kv_up', context, [`${heads} heads`, `${nopeDim} + ${vDim} each`]),
      from,
    );
  const kept = (rank: number, text: string, ...from: string[]): string =>
    grid.add(box('cache', { rank, column: 1, columns: 2 }, 'state', [note(text)], title), ...from);
  const core = box('core', { rank: 5, ...whole }, 'plain', [{ text: `softmax(${scoreText(spec)}) · v`, bold: true }, note(maskText(spec.mask))]); // prettier-ignore
  const art = beside(headsArt(heads, heads), maskArt(spec.mask, context.context));
  let feeds: string[];
  if (cache === 'latent') {
    const cached = kept(3, `cached: ${kvRank} + ${ropeDim} per token`, ...new Set([latent, turned]));
    feeds = [up(4, cached), ...(spec.rope === null ? [] : [grid.add(terminal('shared', { rank: 4, column: 2 }, 'k_r', 'one for all heads'), cached)])]; // prettier-ignore
  } else feeds = [kept(4, `cached: k, v · ${keptOf(spec)} per token`, up(3, latent), turned)];
  const y = grid.add({ ...core, art }, q, ...feeds);
  const o = grid.add(linear('o', { rank: 6, ...whole }, 'O', 'o', context), y);
  grid.add(terminal('y', { rank: 7, ...whole }, `y · ${context.dModel}`), o);
  return grid;
}

function addQueries(grid: Sketch, spec: MlaSpec, context: InsetContext, x: string): string {
  const { heads, nopeDim, ropeDim, qRank } = spec;
  const shape = [`${heads} heads`, `${nopeDim} + ${ropeDim} each`];
  let q: string;
  if (qRank === null) q = grid.add(linear('q', { rank: 3, column: 0 }, 'Q', 'q', context, shape), x);
  else {
    const down = grid.add(linear('q_down', { rank: 1, column: 0 }, 'Q down', 'q_down', context), x);
    const normed = spec.latentNorm === null ? down : grid.add(box('q_norm', { rank: 2, column: 0 }, 'norm', ['RMSNorm', String(qRank)]), down); // prettier-ignore
    q = grid.add(linear('q_up', { rank: 3, column: 0 }, 'Q up', 'q_up', context, shape), normed);
  }
  if (spec.rope === null) return q;
  return grid.add(box('q-rope', { rank: 4, column: 0 }, 'act', ['RoPE', `${ropeDim} of ${nopeDim + ropeDim}`]), q);
}
