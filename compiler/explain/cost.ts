// Takes: a checked model. Gives: parameters by component, work and memory per token.
// Promises: counts what the graph computes: matmuls and attention; elementwise work is left out, as is usual.
import type { GqaSpec, MaskSpec, Model } from '../2-check/model.ts';
import { eachPart, ffnsOf, mixersOf } from '../2-check/resolve/parts.ts';
import { elements } from '../2-check/parameters/parameter.ts';
import { parameters } from '../2-check/parameters/parameters.ts';

export interface Costs {
  readonly parameters: { readonly total: number; readonly byComponent: Readonly<Record<string, number>> };
  /** Floating-point operations per token at a full context: 2 per multiply-add. */
  readonly flopsPerToken: {
    readonly forward: number;
    /** Of the forward work: scores and weighted values. */
    readonly attention: number;
    /** The gradients of activations and weights: twice the forward work. */
    readonly backward: number;
  };
  /** Of keys and values, in f32, per token of context. */
  readonly kvBytesPerToken: number;
  /** Of keys and values when the context is full: windows and chunks bound what must be kept. */
  readonly kvBytesFull: number;
  /** Operations per byte read of weights and cache, f32, batch 1. */
  readonly intensity: { readonly prefill: number; readonly decode: number };
}

const bytesPerNumber = 4;

/** Every mixer of every layer, as often as it is used. */
function usedMixers(model: Model): GqaSpec[] {
  const mixers: GqaSpec[] = [];
  eachPart(model, (expr) => {
    if (expr.kind === 'mixer' && expr.spec.kind === 'gqa') mixers.push(expr.spec);
  });
  return mixers;
}

/** Average number of keys that a query of a sequence of `length` sees. */
export function meanKeys(mask: MaskSpec, length: number): number {
  let total = 0;
  for (let query = 0; query < length; query++) {
    const [from, to] = seenKeys(mask, query, length);
    total += Math.max(0, to - from);
  }
  return total / length;
}

/** Keys [from, to) that a query sees; all masks are intervals. */
function seenKeys(mask: MaskSpec, query: number, length: number): [number, number] {
  switch (mask.kind) {
    case 'full':
      return [0, length];
    case 'causal':
      return [0, query + 1];
    case 'window':
      return [Math.max(0, query - mask.size + 1), length];
    case 'chunk': {
      const start = Math.floor(query / mask.size) * mask.size;
      return [start, Math.min(length, start + mask.size)];
    }
    case 'all': {
      const parts = mask.parts.map((part) => seenKeys(part, query, length));
      return [Math.max(0, ...parts.map(([from]) => from)), Math.min(length, ...parts.map(([, to]) => to))];
    }
  }
}

/** Keys that must be kept to decode one more token. */
function keptKeys(mask: MaskSpec, context: number): number {
  switch (mask.kind) {
    case 'full':
    case 'causal':
      return context;
    case 'window':
    case 'chunk':
      return Math.min(context, mask.size);
    case 'all':
      return Math.min(context, ...mask.parts.map((part) => keptKeys(part, context)));
  }
}

export function costsOf(model: Model): Costs {
  const mixers = usedMixers(model);
  const byComponent = componentCounts(model);
  const total = Object.values(byComponent).reduce((sum, count) => sum + count, 0);
  const matrices = matmulParameters(model);
  const attention = mixers.reduce((sum, mixer) => {
    return sum + 4 * mixer.heads * mixer.headDim * meanKeys(mixer.mask, model.context);
  }, 0);
  const forward = 2 * matrices + attention;
  const kvOf = (mixer: GqaSpec): number => 2 * mixer.kvHeads * mixer.headDim * bytesPerNumber;
  const kvBytesPerToken = mixers.reduce((sum, mixer) => sum + kvOf(mixer), 0);
  const kvBytesFull = mixers.reduce((sum, mixer) => sum + kvOf(mixer) * keptKeys(mixer.mask, model.context), 0);
  const weightBytes = matrices * bytesPerNumber;
  return {
    parameters: { total, byComponent },
    flopsPerToken: { forward, attention, backward: 2 * forward },
    kvBytesPerToken,
    kvBytesFull,
    intensity: {
      prefill: (forward * model.context) / (weightBytes + kvBytesPerToken * model.context),
      decode: forward / (weightBytes + kvBytesFull),
    },
  };
}

/** Weights that multiply each token: all matrices, with the head's, without a lookup's. */
function matmulParameters(model: Model): number {
  const head = model.vocab * model.dModel;
  const others = parameters(model).filter((each) => each.class === 'matrix');
  return head + others.reduce((sum, parameter) => sum + elements(parameter), 0);
}

/** `embed`, `head`, `norms`, and each mixer's and feed-forward's name. */
function componentCounts(model: Model): Record<string, number> {
  const counts: Record<string, number> = {};
  const branches = new Set([...mixersOf(model).keys(), ...ffnsOf(model).keys()]);
  for (const parameter of parameters(model)) {
    const component = componentOf(parameter.name, branches);
    counts[component] = (counts[component] ?? 0) + elements(parameter);
  }
  return counts;
}

function componentOf(name: string, branches: ReadonlySet<string>): string {
  const parts = name.split('.');
  if (parts[0] !== 'layers') return parts[1] === 'norm' ? 'norms' : (parts[0] ?? name);
  return branches.has(parts[2] ?? '') ? (parts[2] ?? name) : 'norms';
}
