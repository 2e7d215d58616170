// Takes: a checked model. Gives: parameters by component, work and memory per token.
// Promises: counts what the graph computes: matmuls and attention; elementwise work is left out, as is usual.
import type { BlockExpr, GqaSpec, MaskSpec, Model } from '../2-check/model.ts';
import { parameters } from '../3-graph/model/parameters.ts';

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
export function mixersOf(model: Model): GqaSpec[] {
  return model.layers.flatMap(({ equations }) => equations.flatMap(({ value }) => mixersIn(value)));
}

function mixersIn(expr: BlockExpr): GqaSpec[] {
  switch (expr.kind) {
    case 'ref':
    case 'number':
      return [];
    case 'arithmetic':
      return [...mixersIn(expr.left), ...mixersIn(expr.right)];
    case 'mixer':
      return [expr.spec, ...mixersIn(expr.input)];
    case 'norm':
    case 'ffn':
      return mixersIn(expr.input);
  }
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
  const mixers = mixersOf(model);
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
  return head + others.reduce((sum, { dims }) => sum + dims.reduce((product, dim) => product * dim.size, 1), 0);
}

/** `embed`, `head`, `norms`, and each mixer's and feed-forward's name. */
function componentCounts(model: Model): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { name, dims } of parameters(model)) {
    const component = componentOf(name, model);
    counts[component] = (counts[component] ?? 0) + dims.reduce((product, dim) => product * dim.size, 1);
  }
  return counts;
}

function componentOf(name: string, model: Model): string {
  const parts = name.split('.');
  if (parts[0] !== 'layers') return parts[1] === 'norm' ? 'norms' : (parts[0] ?? name);
  const branches = branchNames(model.layers[Number(parts[1])]?.equations.map(({ value }) => value) ?? []);
  return branches.has(parts[2] ?? '') ? (parts[2] ?? name) : 'norms';
}

function branchNames(exprs: readonly BlockExpr[]): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (expr: BlockExpr): void => {
    if (expr.kind === 'mixer' || expr.kind === 'ffn') names.add(expr.name);
    if (expr.kind === 'arithmetic') [expr.left, expr.right].forEach(visit);
    else if ('input' in expr) visit(expr.input);
  };
  exprs.forEach(visit);
  return names;
}
