// Takes: a checked model. Gives: what it does and reads at any length, any batch.
// Promises: every mixer and ffn as often as it is used; work is per token, numbers are counted, not bytes.
import type { BlockExpr, FfnSpec, Layer, MixerSpec, Model } from '../../2-check/model.ts';
import { elements } from '../../2-check/parameters/parameter.ts';
import { parameters } from '../../2-check/parameters/parameters.ts';
import { ffnWork } from './ffn-work.ts';
import { keptKeys, meanKeys } from './masks.ts';
import { type MixerWork, mixerMaps, mixerWork } from './mixer-work.ts';

/** FLOPs of one token. */
export interface TokenWork {
  readonly total: number;
  /** Of it what grows with the keys that are seen: scores and weighted values. */
  readonly attention: number;
  /** Of it the logits. */
  readonly head: number;
  /** Of it each part, by its name; `head` too. */
  readonly byPart: Readonly<Record<string, number>>;
}

export interface Work {
  /** One token of a sequence of `length` that is taken at once. */
  readonly sequence: (length: number) => TokenWork;
  /** One token after `context` others, which are kept. */
  readonly step: (context: number) => TokenWork;
  /** Of the modules of multi-token prediction, in training. */
  readonly mtp: (length: number) => number;
  /** Numbers kept of one sequence: keys and values of a token, of a full context, and states. */
  readonly cache: { readonly perToken: number; readonly at: (context: number) => number; readonly state: number };
  /** Weights that `tokens` tokens read: of experts those that an even spread of choices touches. */
  readonly weightsRead: (tokens: number) => number;
}

interface UsedMixer extends MixerWork {
  readonly name: string;
  readonly maps: number;
}

interface UsedParts {
  readonly mixers: readonly UsedMixer[];
  readonly ffns: readonly { readonly name: string; readonly flops: number; readonly state: number }[];
}

export function workOf(model: Model): Work {
  const { dModel, mtp } = model;
  const parts = usedParts(model.layers, dModel);
  const head = endFlops(model);
  const module = mtp === null ? null : usedParts([mtp.layer], dModel);
  const joined = mtp === null ? 0 : 2 * dModel * dModel * mtp.input.length;
  return {
    sequence: (length) => tokenWork(parts, head, 'sequence', (mixer) => meanKeys(mixer.mask, length)),
    step: (context) => tokenWork(parts, head, 'step', (mixer) => keptKeys(mixer.mask, context)),
    mtp: (length) =>
      mtp === null || module === null
        ? 0
        : mtp.depth * (joined + tokenWork(module, head, 'sequence', ({ mask }) => meanKeys(mask, length)).total),
    cache: cacheOf(parts),
    weightsRead: weightsRead(model),
  };
}

/** Logits of the vocabulary from the state, the head's transform, the maps of a factored embedding or head. */
function endFlops({ vocab, dModel, embed, head }: Model): number {
  const maps = [embed.factor, head.factor].reduce((sum, factor) => sum + 2 * dModel * (factor?.dim ?? 0), 0);
  const transform = head.transform === null ? 0 : 2 * dModel * dModel;
  return 2 * vocab * (head.factor?.dim ?? dModel) + maps + transform;
}

/** Of layers alone: a tower has no head. */
export function layerWork(layers: readonly Layer[], dModel: number, length: number): TokenWork {
  return tokenWork(usedParts(layers, dModel), 0, 'sequence', ({ mask }) => meanKeys(mask, length));
}

/** Every use of a mixer or a feed-forward, in order. */
export function usesIn(layers: readonly Layer[]): Extract<BlockExpr, { readonly kind: 'mixer' | 'ffn' }>[] {
  const uses: Extract<BlockExpr, { readonly kind: 'mixer' | 'ffn' }>[] = [];
  const visit = (expr: BlockExpr): void => {
    if (expr.kind === 'arithmetic') [expr.left, expr.right].forEach(visit);
    else if ('input' in expr) visit(expr.input);
    if (expr.kind === 'mixer' || expr.kind === 'ffn') uses.push(expr);
  };
  for (const { equations } of layers) for (const { value } of equations) visit(value);
  return uses;
}

function usedParts(layers: readonly Layer[], dModel: number): UsedParts {
  const mixers: UsedMixer[] = [];
  const ffns: { name: string; flops: number; state: number }[] = [];
  const mixerOf = once((spec: MixerSpec) => ({ ...mixerWork(spec, dModel), maps: mixerMaps(spec, dModel) }));
  const ffnOf = once((spec: FfnSpec) => ffnWork(spec, dModel));
  for (const { name, ...use } of usesIn(layers)) {
    if (use.kind === 'mixer') mixers.push({ name, ...mixerOf(use.spec) });
    else ffns.push({ name, ...ffnOf(use.spec) });
  }
  return { mixers, ffns };
}

/** Layers share their specifications where they are equal. */
function once<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>();
  return (key) => {
    const value = made.get(key) ?? make(key);
    made.set(key, value);
    return value;
  };
}

function tokenWork(
  { mixers, ffns }: UsedParts,
  head: number,
  way: 'sequence' | 'step',
  keys: (mixer: MixerWork) => number,
): TokenWork {
  const byPart: Record<string, number> = {};
  const add = (name: string, flops: number): void => void (byPart[name] = (byPart[name] ?? 0) + flops);
  let attention = 0;
  for (const mixer of mixers) {
    const pairs = mixer.perKey[way] === 0 ? 0 : mixer.perKey[way] * keys(mixer);
    attention += pairs;
    add(mixer.name, mixer.maps + mixer.fixed[way] + pairs);
  }
  for (const { name, flops } of ffns) add(name, flops);
  if (head > 0) add('head', head);
  const total = Object.values(byPart).reduce((sum, flops) => sum + flops, 0);
  return { total, attention, head, byPart };
}

function cacheOf({ mixers, ffns }: UsedParts): Work['cache'] {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    perToken: sum(mixers.map(({ kept }) => kept)),
    at: (context) => sum(mixers.map(({ kept, mask }) => (kept === 0 ? 0 : kept * keptKeys(mask, context)))),
    state: sum([...mixers, ...ffns].map(({ state }) => state)),
  };
}

/** Of an expert that a token uses with probability p, 1 - (1 - p)^tokens is read. */
function weightsRead(model: Model): Work['weightsRead'] {
  const tables = new Set(model.embed.tied ? ['embed.positions'] : ['embed.weight', 'embed.positions']);
  const read = new Map<number, number>();
  let rows = 0;
  for (const each of parameters(model)) {
    if (each.name.startsWith('mtp.')) continue;
    if (tables.has(each.name)) rows++;
    else read.set(each.active, (read.get(each.active) ?? 0) + elements(each));
  }
  return (tokens) =>
    [...read].reduce(
      (sum, [active, size]) => sum + size * (1 - (1 - active) ** tokens),
      rows * tokens * (model.embed.factor?.dim ?? model.dModel),
    );
}
