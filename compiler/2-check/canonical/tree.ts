// Takes: nothing. Gives: the tree that the canonical text and entries are printed from, and its values as text.
// Promises: numbers print exactly; what differs between layers prints as `cycle [a, b, ...]`.
import type { Activation, BlockExpr, Init, MaskSpec, NormSpec, QkNormSpec, RopeScaling, RopeSpec } from '../model.ts';

/** A leaf is its text; a branch is a constructor with its keys. */
export type Tree = string | Branch;

export interface Branch {
  /** `gqa`; empty for a plain block. */
  readonly constructor: string;
  readonly keys: readonly (readonly [string, Tree])[];
}

export function branch(constructor: string, keys: Readonly<Record<string, Tree | number | boolean | null>>): Branch {
  return { constructor, keys: Object.entries(keys).map(([key, value]) => [key, leaf(value)] as const) };
}

function leaf(value: Tree | number | boolean | null): Tree {
  if (value === null) return 'none';
  return typeof value === 'object' ? value : String(value);
}

/** One tree out of one per layer: equal parts once, leaves that differ as a table. */
export function mergeLayers(layers: readonly Tree[]): Tree {
  const [first] = layers;
  if (first === undefined) return 'none';
  if (layers.every((tree) => inline(tree) === inline(first))) return first;
  const branches = layers.filter((tree) => typeof tree !== 'string');
  if (typeof first === 'string' || branches.length < layers.length || !sameShape(branches)) {
    return `cycle [${layers.map(inline).join(', ')}]`;
  }
  const keys = first.keys.map(([key], index) => {
    const values = branches.map((each) => each.keys[index]?.[1] ?? 'none');
    return [key, mergeLayers(values)] as const;
  });
  return { constructor: first.constructor, keys };
}

function sameShape(branches: readonly Branch[]): boolean {
  const shape = ({ constructor, keys }: Branch): string => [constructor, ...keys.map(([key]) => key)].join(' ');
  return new Set(branches.map(shape)).size === 1;
}

/** On one line: `rms { eps = 0.00001; gain = weight }`. */
export function inline(tree: Tree): string {
  if (typeof tree === 'string') return tree;
  return `${tree.constructor} { ${tree.keys.map(([key, value]) => `${key} = ${inline(value)}`).join('; ')} }`;
}

const gains: { readonly [K in NormSpec['gain']]: string } = { weight: 'weight', one_plus: '1 + weight', none: 'none' };

export function normTree({ kind, eps, gain, bias, reduce, cast }: NormSpec): Branch {
  return branch(kind, { eps, gain: gains[gain], bias, reduce, cast });
}

export function activationTree(act: Activation): Tree {
  if (typeof act === 'string') return act;
  return branch(act.kind, { alpha_p: act.alphaP, alpha_n: act.alphaN, beta: act.beta, eps: act.eps });
}

export function qkNormTree(spec: QkNormSpec): Branch {
  const before = spec.order === 'before_rope';
  const place = branch('', { per: spec.per, before: before ? 'rope' : 'none', after: before ? 'none' : 'rope' });
  const norm = normTree(spec);
  return { constructor: norm.constructor, keys: [...norm.keys, ...place.keys] };
}

export function ropeTree({ dim, theta, pairing, scaling }: RopeSpec): Branch {
  return branch('rope', { dim, theta, pairing, scaling: scalingTree(scaling) });
}

function scalingTree(scaling: RopeScaling): Tree {
  if (scaling.kind === 'none') return 'none';
  const { factor } = scaling;
  if (scaling.kind === 'linear') return branch('linear', { factor });
  const { original } = scaling;
  if (scaling.kind === 'dynamic') return branch('dynamic', { factor, original });
  if (scaling.kind === 'longrope') {
    const list = (factors: readonly number[]): string => `[${factors.join(', ')}]`;
    return branch('longrope', { factor, original, short: list(scaling.short), long: list(scaling.long), attention_factor: scaling.attentionFactor }); // prettier-ignore
  }
  if (scaling.kind === 'llama3') return branch('llama3', { factor, low: scaling.low, high: scaling.high, original });
  return branch('yarn', {
    factor,
    original,
    beta_fast: scaling.betaFast,
    beta_slow: scaling.betaSlow,
    truncate: scaling.truncate,
    attention_factor: scaling.attentionFactor,
    mscale: scaling.mscale,
    mscale_all_dim: scaling.mscaleAllDim,
  });
}

export function maskText(mask: MaskSpec): string {
  if (mask.kind === 'full' || mask.kind === 'causal') return mask.kind;
  return mask.kind === 'all' ? mask.parts.map(maskText).join(' & ') : `${mask.kind}(${mask.size})`;
}

export function biasText(projections: Readonly<Record<string, { readonly bias: boolean }>>): string {
  const names = Object.keys(projections);
  const biased = names.filter((name) => projections[name]?.bias);
  if (biased.length === 0) return 'none';
  return biased.length === names.length ? 'all' : `[${biased.join(', ')}]`;
}

export function initText(init: Init): string {
  if (init.kind === 'normal') return `normal(std = ${init.std})`;
  if (init.kind === 'trunc_normal') return `trunc_normal(std = ${init.std}, cut = ${init.cut})`;
  if (init.kind === 'uniform') return `uniform(bound = ${init.bound})`;
  if (init.kind === 'log_range') return `log(1..${init.count})`;
  if (init.kind === 'step_size') return `log_uniform(${init.min}, ${init.max})`;
  if (init.kind === 'copy') return `copy("${init.from}", ${init.part}, noise = ${init.noise})`;
  return `constant(value = ${init.value})`;
}

const strength = { '+': 1, '-': 1, '*': 2, '/': 2 } as const;

/** `x + attn(rms.mix(x))`: parses to the same tree. */
export function equationText(expr: BlockExpr): string {
  if (expr.kind === 'ref') return expr.name;
  if (expr.kind === 'number') return expr.value < 0 ? `(${expr.value})` : String(expr.value);
  if (expr.kind === 'norm') return `${expr.instance}(${equationText(expr.input)})`;
  if (expr.kind !== 'arithmetic') return `${expr.name}(${equationText(expr.input)})`;
  const own = strength[expr.operator];
  return `${sideText(expr.left, own)} ${expr.operator} ${sideText(expr.right, own + 1)}`;
}

/** In parentheses when it binds less than `least`. */
function sideText(expr: BlockExpr, least: number): string {
  const text = equationText(expr);
  return expr.kind === 'arithmetic' && strength[expr.operator] < least ? `(${text})` : text;
}
