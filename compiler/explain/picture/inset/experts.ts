// Takes: a mixture of experts, of feed-forwards or of mixers. Gives: its inset.
// Promises: one square for each expert, those of one token filled; what an expert is, is drawn apart.
import type { ExpertsSpec, MixerExpertsSpec, RouterSpec } from '../../../2-check/model.ts';
import type { Parameter } from '../../../2-check/parameters/parameter.ts';
import { count, short } from '../draw/numbers.ts';
import type { Shape } from '../draw/drawing.ts';
import type { Art, Line } from '../grid/cell.ts';
import {
  box,
  type Inset,
  type InsetContext,
  linear,
  note,
  operator,
  type PartSpec,
  sizeOf,
  Sketch,
  terminal,
} from './inset.ts';

export function expertsInset(spec: ExpertsSpec | MixerExpertsSpec, context: InsetContext): Inset {
  const { n, topK, router, expert } = spec;
  const shared = sharedOf(spec);
  const sizes = { one: sizeOf(context.weights, 'expert.') / n, shared: sizeOf(context.weights, 'shared.') };
  const inner = [
    { name: 'expert', spec: expert, weights: copyOf(context.weights, 'expert.', true) },
    ...(shared === null || shared.spec === null ? [] : [{ name: 'shared', spec: shared.spec, weights: copyOf(context.weights, 'shared.', false) }]), // prettier-ignore
  ];
  return {
    kind: 'mixture of experts',
    short: [
      `${choiceText(router, topK, n)}${shared === null ? '' : `, ${shared.count} shared`}`,
      `${describe(expert)} each`,
    ],
    grid: expertsGrid(spec, context, sizes),
    formula: [
      `s = ${router.score}(router(x)${router.scoreOver === 'chosen' ? ` over the ${topK} chosen` : ''})`,
      `chosen = ${selectText(router, topK)}`,
      `w = ${combineText(router)}`,
      `y = sum of w_i expert_i(x) over the chosen${shared === null ? '' : ' + shared(x)'}`,
    ],
    facts: [...routerFacts(router), ['of one expert', count(sizes.one)], ['used by a token', count(topK * sizes.one + sizes.shared)]], // prettier-ignore
    inner,
  };
}

/** The copies that every token passes; `spec` where they are one wider part. */
function sharedOf(
  spec: ExpertsSpec | MixerExpertsSpec,
): { count: number; spec: PartSpec | null; gate: boolean } | null {
  const { shared } = spec;
  if (shared === null || shared === 0) return null;
  if (typeof shared === 'number') return { count: shared, spec: null, gate: false };
  return { count: shared.count, spec: shared.expert, gate: shared.gate !== null };
}

/** The weights of one copy: copies are stacked in front. */
function copyOf(weights: readonly Parameter[], prefix: string, stacked: boolean): Parameter[] {
  return weights.flatMap((weight) => {
    if (!weight.name.startsWith(prefix)) return [];
    const dims = stacked ? weight.dims.slice(1) : weight.dims;
    return [{ ...weight, name: weight.name.slice(prefix.length), dims }];
  });
}

function describe(spec: PartSpec): string {
  return 'width' in spec ? `${spec.kind} · ${spec.width}` : spec.kind;
}

function choiceText({ select }: RouterSpec, topK: number, n: number): string {
  return select.kind === 'expert_choice' ? `${n} experts choose` : `${topK} of ${n} experts`;
}

function selectText({ select, selectBias, groups }: RouterSpec, topK: number): string {
  const scores = selectBias === null ? 's' : 's + bias';
  const within = groups === null ? '' : ` within the ${groups.top} best of ${groups.n} groups`;
  switch (select.kind) {
    case 'token_choice':
      return `top ${topK} of ${scores}${within}`;
    case 'expert_choice':
      return `each expert takes its top tokens, capacity ${short(select.capacity)}`;
    case 'sinkhorn':
      return `top ${topK} after ${select.iterations} rounds of Sinkhorn`;
    case 'hash':
      return 'by a hash of the token';
  }
}

function combineText({ combine }: RouterSpec): string {
  const weights = combine.normalize === null ? 's of the chosen' : 's of the chosen / their sum';
  return combine.scale === 1 ? weights : `${short(combine.scale)} (${weights})`;
}

function routerFacts(router: RouterSpec): Inset['facts'] {
  const { selectBias, groups, balance, zLoss, jitter, noise, capacity } = router;
  const losses = balance.map((each) => `${each.kind} ${short(each.coef)}`);
  return [
    ['router', `${router.score}, ${router.dtype}${router.bias ? ', bias' : ''}`],
    ...(selectBias === null ? [] : [['select_bias', `aux_free, rate ${short(selectBias.rate)}`] as const]),
    ...(groups === null ? [] : [['groups', `${groups.top} of ${groups.n}`] as const]),
    ['combine', combineText(router)],
    ['balance', losses.length === 0 ? 'none' : losses.join(', ')],
    ...(zLoss === null ? [] : [['z_loss', short(zLoss)] as const]),
    ...(jitter === null ? [] : [['jitter', short(jitter)] as const]),
    ...(noise === null ? [] : [['noise', `${noise.kind}, std ${short(noise.std)}`] as const]),
    [
      'capacity',
      capacity === null ? 'none: no token is dropped' : `${short(capacity.factor)}, drops by ${capacity.policy}`,
    ],
  ];
}

function expertsGrid(
  spec: ExpertsSpec | MixerExpertsSpec,
  context: InsetContext,
  sizes: { one: number; shared: number },
): Sketch {
  const { n, topK, router, expert } = spec;
  const shared = sharedOf(spec);
  const grid = new Sketch();
  const whole = { column: 0, columns: shared === null ? 2 : 3 };
  const x = grid.add(terminal('x', { rank: 0, ...whole }, `x · ${context.dModel}`));
  const map = grid.add(linear('router', { rank: 1, column: 0 }, 'router', 'router', context), x);
  const score = grid.add(box('score', { rank: 2, column: 0 }, 'act', scoreLines(router)), map);
  const chosen = grid.add({ ...box('top', { rank: 3, column: 0 }, 'plain', topLines(router, topK, n)), art: expertsArt(n, topK) }, score); // prettier-ignore
  const lines = [`${n} experts`, describe(expert), `${n} × ${count(sizes.one)}`];
  const all = grid.add({ ...box('experts', { rank: 4, column: 1 }, 'part', lines, `${n} experts, of which ${topK} work for a token`), pile: true }, x, chosen); // prettier-ignore
  let y = grid.add(
    { ...operator('sum', { rank: 5, column: 1 }, 'Σ', 'sum of the chosen, times their weights w'), aside: 'w' },
    all,
    chosen,
  );
  if (shared !== null) {
    const common = [`${shared.count} shared`, describe(shared.spec ?? expert), count(sizes.shared)];
    const own = grid.add(box('shared', { rank: 4, column: 2 }, 'part', [...common, ...(shared.gate ? ['gated by sigmoid'] : [])], 'every token passes it'), x); // prettier-ignore
    y = grid.add(operator('plus', { rank: 6, column: 1 }, '+', 'sum'), y, own);
  }
  grid.add(terminal('y', { rank: 7, column: 1 }, `y · ${context.dModel}`), y);
  return grid;
}

function scoreLines({ score, scoreOver, selectBias, dtype }: RouterSpec): (string | Line)[] {
  const bias = selectBias === null ? [] : ['+ bias to select'];
  return [score, ...(scoreOver === 'chosen' ? ['over the chosen'] : []), ...bias, dtype];
}

function topLines({ groups, select }: RouterSpec, topK: number, n: number): (string | Line)[] {
  if (select.kind === 'expert_choice') return ['experts choose', `capacity ${short(select.capacity)}`];
  const within = groups === null ? [] : [note(`${groups.top} of ${groups.n} groups`)];
  return [{ text: `top ${topK} of ${n}`, bold: true }, ...within];
}

/** A square for each expert, at most 256; as many filled as a token has. */
function expertsArt(n: number, topK: number): Art {
  const drawn = Math.min(n, 256);
  const columns = Math.min(drawn, drawn > 64 ? 32 : 16);
  const [size, step] = drawn > 64 ? [3.4, 4] : [6, 7];
  // Spread by the golden ratio, the same every time.
  const filled = new Set(
    Array.from({ length: Math.min(topK, drawn) }, (_, i) => Math.floor((((i + 1) * 0.618) % 1) * drawn)),
  );
  const shapes = Array.from({ length: drawn }, (_, i): Shape => {
    const [x, y] = [(i % columns) * step, Math.floor(i / columns) * step];
    return { kind: 'box', x, y, width: size, height: size, radius: 0.5, tone: filled.has(i) ? 'core' : 'idle' };
  });
  return { width: columns * step, height: Math.ceil(drawn / columns) * step, shapes };
}
