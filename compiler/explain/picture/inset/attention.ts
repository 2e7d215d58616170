// Takes: a gqa mixer. Gives: its inset.
// Promises: norms and rope stand in the order in which they are applied.
import { maskText } from '../../../2-check/canonical/tree.ts';
import type { AlibiSpec, GqaSpec, QkNormSpec, RopeSpec } from '../../../2-check/model.ts';
import type { Art, Line } from '../grid/cell.ts';
import { short } from '../draw/numbers.ts';
import { headsArt } from './heads-art.ts';
import { box, type Inset, type InsetContext, linear, normBox, note, operator, Sketch, terminal } from './inset.ts';
import { beside, maskArt, shortMask } from './mask-art.ts';

export function gqaInset(spec: GqaSpec, context: InsetContext): Inset {
  const { heads, kvHeads, headDim } = spec;
  const family = kvHeads === heads ? 'multi-head' : kvHeads === 1 ? 'multi-query' : 'grouped-query';
  return {
    kind: `${family} attention`,
    short: [
      `${heads}/${kvHeads} heads × ${headDim}`,
      `${shortMask(spec.mask)}${spec.alibi === null ? (spec.rope === null ? ', no rope' : '') : ', ALiBi'}`,
    ],
    grid: gqaGrid(spec, context),
    formula: [
      projections(spec, context),
      `out = softmax(${scoreText(spec)} over ${maskText(spec.mask)}) v`,
      ...(spec.diff === null ? [] : [`out = (1 - λ₀) norm(outᵢ - λ outⱼ), j = i + ${heads / 2}, v of two key heads; λ = exp(λq1·λk1) - exp(λq2·λk2) + λ₀`]), // prettier-ignore
      `y = O(${spec.outNorm === null ? 'out' : 'norm(out)'})${heads === kvHeads ? '' : `; query head i reads key head floor(i / ${heads / kvHeads})`}`,
    ],
    facts: gqaFacts(spec, context),
  };
}

function projections({ rope, qkNorm, kvFrom, kvShare, clipQkv }: GqaSpec, { layer }: InsetContext): string {
  const own = kvFrom === null ? (kvShare ? ['q, k = Q(x), K(x)'] : ['q, k, v = Q(x), K(x), V(x)']) : ['q = Q(x)'];
  const turned = kvFrom === null ? 'q and k' : 'q';
  const clip = clipQkv === null ? [] : [`clamped to ±${short(clipQkv)}`];
  const turn = rope === null ? [] : [`rope on ${turned}`];
  const norm = qkNorm === null ? [] : [`${qkNorm.kind} norm of ${turned}`];
  const steps = qkNorm?.order === 'after_rope' ? [...turn, ...norm] : [...norm, ...turn];
  const others = kvFrom === null ? (kvShare ? '; v = k' : '') : `; k and v of ${layersBelow(layer - kvFrom)}`;
  return [...own, ...clip, ...steps].join(', ') + others;
}

function layersBelow(count: number): string {
  return `${count} layer${count === 1 ? '' : 's'} below`;
}

function scoreText({ scale, softcap, headDim }: GqaSpec): string {
  const scaled = Math.abs(scale * Math.sqrt(headDim) - 1) < 1e-6 ? `q·k / √${headDim}` : `${short(scale)} q·k`;
  return softcap === null ? scaled : `${softcap} tanh(${scaled} / ${softcap})`;
}

function gqaFacts(spec: GqaSpec, { layer }: InsetContext): Inset['facts'] {
  const biases = (['q', 'k', 'v', 'o'] as const).filter((name) => spec[name].bias);
  return [
    ['heads', `${spec.heads} of ${spec.headDim}${spec.vDim === spec.headDim ? '' : `, values of ${spec.vDim}`}`],
    [
      'kv_heads',
      spec.heads === spec.kvHeads
        ? `${spec.kvHeads}`
        : `${spec.kvHeads} (${spec.heads / spec.kvHeads} query heads each)`,
    ],
    ['mask', maskText(spec.mask)],
    ['rope', spec.rope === null ? 'none' : ropeText(spec.rope, spec.headDim)],
    ...(spec.qkNorm === null ? [] : [['qk_norm', qkNormText(spec.qkNorm)] as const]),
    ...(spec.softcap === null ? [] : [['softcap', String(spec.softcap)] as const]),
    ['scale', short(spec.scale)],
    ...(spec.alibi === null ? [] : [['alibi', alibiText(spec.alibi)] as const]),
    ...(spec.sink === null ? [] : [['sink', `learned per ${spec.sink.per}`] as const]),
    ...(spec.gate === null ? [] : [['gate', `${spec.gate.act} per ${spec.gate.per}`] as const]),
    ...(spec.diff === null ? [] : [['diff', `λ from ${short(spec.diff.init)} in the first layer`] as const]),
    ...(spec.outNorm === null ? [] : [['out_norm', spec.outNorm.kind] as const]),
    ...(spec.clipQkv === null ? [] : [['clip_qkv', short(spec.clipQkv)] as const]),
    ...(spec.kvFrom === null ? [] : [['kv_from', `keys and values of ${layersBelow(layer - spec.kvFrom)}`] as const]),
    ...(biases.length === 0 ? [] : [['bias', biases.join(', ')] as const]),
  ];
}

function alibiText({ maxBias, scaled, round }: AlibiSpec): string {
  return `max bias ${maxBias}${scaled ? ', scaled with the scores' : ''}${round === null ? '' : `, rounded to ${round}`}`;
}

export function ropeText(rope: RopeSpec, headDim: number): string {
  const part = rope.dim === headDim ? '' : `, ${rope.dim} of ${headDim} dims`;
  const pairing = rope.pairing === 'half' ? '' : ', interleaved';
  const { scaling: stretch } = rope;
  const scaling = stretch.kind === 'none' ? '' : `, ${stretch.kind} × ${short(stretch.factor)}`;
  return `θ ${thousands(rope.theta)}${part}${pairing}${scaling}`;
}

const thousands = (value: number): string => (value >= 10_000 ? value.toLocaleString('en-US') : short(value));

function qkNormText({ kind, per, order }: QkNormSpec): string {
  return `${kind} per ${per.replace('_', ' ')}, ${order.replace('_', ' ')}`;
}

function gqaGrid(spec: GqaSpec, context: InsetContext): Sketch {
  const { heads, kvHeads, headDim, vDim } = spec;
  const grid = new Sketch();
  const width = spec.gate === null ? 3 : 4;
  const x = grid.add(terminal('x', { rank: 0, column: 0, columns: width }, `x · ${context.dModel}`));
  let q = grid.add(linear('q', { rank: 1, column: 0 }, 'Q', 'q', context, `${heads} × ${headDim}`), x);
  let [k, v] = addKeysValues(grid, spec, context, x);
  let rank = 1;
  if (spec.clipQkv !== null) {
    rank++;
    q = k = v = grid.add(box('clip', { rank, column: 0, columns: 3 }, 'act', [note(`clamped to ±${short(spec.clipQkv)}`)]), ...new Set([q, k, v])); // prettier-ignore
  }
  for (const step of stepsOf(spec)) {
    rank++;
    q = grid.add(box(`${step.id}-q`, { rank, column: 0 }, step.tone, step.lines, step.title), q);
    // Keys of another layer come as they were used there.
    if (spec.kvFrom === null)
      k = grid.add(box(`${step.id}-k`, { rank, column: 1 }, step.tone, step.lines, step.title), k);
  }
  if (spec.kvFrom === null && context.decodes) {
    rank++;
    const kept = kvHeads * (headDim + (spec.kvShare ? 0 : vDim));
    const lines = [note(`cached: ${spec.kvShare ? 'k = v' : 'k, v'} · ${kept} per token`)];
    k = v = grid.add(box('cache', { rank, column: 1, columns: 2 }, 'state', lines, `kept for every token of the context: ${kept} numbers in each layer`), ...new Set([k, v])); // prettier-ignore
  }
  rank++;
  const core = box(
    'core',
    { rank, column: 0, columns: 3 },
    'plain',
    coreLines(spec),
    `attention: ${maskText(spec.mask)}`,
  );
  let y = grid.add({ ...core, art: coreArt(spec, context.context) }, q, ...new Set([k, v]));
  if (spec.diff !== null) y = grid.add(box('diff', { rank: ++rank, column: 0, columns: 3 }, 'norm', ['pairs of heads', 'norm(first − λ · second)'], `heads i and i + ${heads / 2} are a pair`), y); // prettier-ignore
  if (spec.outNorm !== null)
    y = grid.add(normBox('out-norm', { rank: ++rank, column: 0, columns: 3 }, spec.outNorm), y);
  if (spec.gate !== null) {
    const { act, per } = spec.gate;
    const gate = grid.add(linear('gate', { rank: 1, column: 3 }, 'gate', 'gate', context), x);
    const open = grid.add(box('gate-act', { rank: 2, column: 3 }, 'act', [act, `per ${per}`]), gate);
    y = grid.add(operator('gated', { rank: ++rank, column: 0, columns: 3 }, '×', `gated per ${per}`), y, open);
  }
  const o = grid.add(linear('o', { rank: rank + 1, column: 0, columns: 3 }, 'O', 'o', context), y);
  grid.add(terminal('y', { rank: rank + 2, column: 0, columns: 3 }, `y · ${context.dModel}`), o);
  return grid;
}

/** The ids of what gives keys and values. */
function addKeysValues(grid: Sketch, spec: GqaSpec, context: InsetContext, x: string): [k: string, v: string] {
  const { kvHeads, headDim, vDim, kvFrom, kvShare } = spec;
  if (kvFrom !== null) {
    const lines = ['k, v of another layer', layersBelow(context.layer - kvFrom)];
    const id = grid.add(box('kv', { rank: 1, column: 1, columns: 2 }, 'state', lines, 'keys and values are those of an earlier layer; nothing more is cached')); // prettier-ignore
    return [id, id];
  }
  if (kvShare) {
    const id = grid.add(linear('k', { rank: 1, column: 1, columns: 2 }, 'K = V', 'k', context, `${kvHeads} × ${headDim}`), x); // prettier-ignore
    return [id, id];
  }
  return [
    grid.add(linear('k', { rank: 1, column: 1 }, 'K', 'k', context, `${kvHeads} × ${headDim}`), x),
    grid.add(linear('v', { rank: 1, column: 2 }, 'V', 'v', context, `${kvHeads} × ${vDim}`), x),
  ];
}

function coreLines({ sink, alibi, mask, ...spec }: GqaSpec): Line[] {
  return [
    { text: `softmax(${scoreText({ sink, alibi, mask, ...spec })}) · v`, bold: true },
    note(maskText(mask)),
    ...(alibi === null ? [] : [note('− slope × distance (ALiBi)')]),
    ...(sink === null ? [] : [note('a learned sink for each head')]),
  ];
}

/** The heads beside the mask. */
function coreArt({ heads, kvHeads, mask }: GqaSpec, context: number): Art {
  return beside(headsArt(heads, kvHeads), maskArt(mask, context));
}

interface Step {
  readonly id: string;
  readonly tone: 'norm' | 'act';
  readonly lines: readonly string[];
  readonly title: string;
}

/** What happens to queries and keys between projection and score. */
function stepsOf({ rope, qkNorm, headDim }: GqaSpec): Step[] {
  const turn: Step[] =
    rope === null ? [] : [{ id: 'rope', tone: 'act', lines: ['RoPE', rope.dim === headDim ? `θ ${thousands(rope.theta)}` : `${rope.dim} of ${headDim}`], title: `rotary positions: ${ropeText(rope, headDim)}` }]; // prettier-ignore
  const norm: Step[] =
    qkNorm === null ? [] : [{ id: 'norm', tone: 'norm', lines: [qkNorm.kind === 'rms' ? 'RMSNorm' : 'LayerNorm', `per ${qkNorm.per.replace('_', ' ')}`], title: `norm of queries and keys: ${qkNormText(qkNorm)}` }]; // prettier-ignore
  return qkNorm?.order === 'after_rope' ? [...turn, ...norm] : [...norm, ...turn];
}
