// Takes: a graph builder and a model. Gives: what all parts of the lowering share: weights, positions, linear maps, norms.
// Promises: every weight used is one of `parameters(model)`; nodes carry the path of the part they belong to.
import type { Model, NormSpec, TrainSpec } from '../../2-check/model.ts';
import { invariant } from '../../diagnostics.ts';
import type { GraphBuilder } from '../builder.ts';
import { add, div, min, mul, tanh } from '../expr-build.ts';
import type { Expr } from '../expr.ts';
import { elementwise } from '../node-build.ts';
import type { Node } from '../ops.ts';
import type { Dim, TensorType } from '../types.ts';
import type { Parameter } from '../../2-check/parameters/parameter.ts';
import { parameters } from '../../2-check/parameters/parameters.ts';

export const BATCH: Dim = { name: 'batch', size: 'batch' };
export const SEQ: Dim = { name: 'seq', size: 'seq' };

export interface Lowering {
  readonly builder: GraphBuilder;
  readonly model: Model;
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** i32 []: position of the first token. Null: 0. */
  readonly offset: Node | null;
  /** Keys and values go to and come from caches. */
  readonly cached: boolean;
  readonly dropout: Dropout | null;
}

export interface Dropout {
  readonly rates: TrainSpec['dropout'];
  /** u32 [] */
  readonly seed: Node;
  /** A new number per place. */
  readonly stream: () => number;
}

export function startLowering(
  builder: GraphBuilder,
  model: Model,
  options: { readonly offset?: Node; readonly cached?: boolean; readonly dropout?: Dropout | null } = {},
): Lowering {
  return {
    builder,
    model,
    parameters: new Map(parameters(model).map((parameter) => [parameter.name, parameter])),
    offset: options.offset ?? null,
    cached: options.cached ?? false,
    dropout: options.dropout ?? null,
  };
}

/** An input of the graph, written by the caller. */
export function input(builder: GraphBuilder, name: string, type: 'f32' | 'i32' | 'u32', dims: readonly Dim[]): Node {
  return builder.add('source', { name, role: 'input', type: { type, dims } }, []);
}

/** The type of a parameter's tensor. */
export function parameterType(parameter: Parameter): TensorType {
  return { type: 'f32', dims: parameter.dims };
}

export function parameterSource(builder: GraphBuilder, parameter: Parameter): Node {
  const { name, init } = parameter;
  return builder.add('source', { name, role: 'parameter', type: parameterType(parameter), init }, []);
}

/** The weight named `name`. */
export function weight(l: Lowering, name: string): Node {
  const parameter = l.parameters.get(name);
  invariant(parameter, `no parameter ${name}`);
  return parameterSource(l.builder, parameter);
}

export function scale(l: Lowering, x: Node, factor: number): Node {
  return elementwise(l.builder, [x], (a) => mul(a, factor));
}

/** Positions of the tokens, i32 [seq], at most length - 1: what lies beyond is padding. */
export function positions(l: Lowering, length: number): Node {
  const index = l.builder.add('iota', { dim: SEQ }, []);
  if (!l.offset) return index;
  return elementwise(l.builder, [index, l.offset], (i, offset) => min(add(i, offset), length - 1));
}

/** x W^T + b: `{name}.weight` is [out, in], in a dim of x; `{name}.bias` [out] if the model has one. */
export function linear(l: Lowering, name: string, x: Node): Node {
  const w = weight(l, `${name}.weight`);
  const inner = w.type.dims[1];
  invariant(inner, `${name}.weight is no matrix`);
  const product = l.builder.add('contract', { over: [inner.name] }, [x, w]);
  const bias = `${name}.bias`;
  return l.parameters.has(bias) ? elementwise(l.builder, [product, weight(l, bias)], add) : product;
}

/** `spec` over `dim` of x, with the weights `{name}.gain` and `{name}.bias`, which `shape` gives the dims of x. */
export function norm(
  l: Lowering,
  name: string,
  spec: NormSpec,
  x: Node,
  dim: string,
  shape: (w: Node) => Node = (w) => w,
): Node {
  const { kind, eps, gain, bias } = spec;
  const weights = [...(gain === 'none' ? [] : ['gain']), ...(bias ? ['bias'] : [])];
  const inputs = [x, ...weights.map((part) => shape(weight(l, `${name}.${part}`)))];
  return l.builder.add('norm', { kind, dims: [dim], eps, gain, bias }, inputs);
}

/** Drops elements of x at `rate`, if this graph drops at all. */
export function dropout(l: Lowering, x: Node, rate: keyof Dropout['rates']): Node {
  if (!l.dropout || l.dropout.rates[rate] === 0) return x;
  return l.builder.add('dropout', { rate: l.dropout.rates[rate], stream: l.dropout.stream() }, [x, l.dropout.seed]);
}

/** c * tanh(x / c) */
export function softcap(x: Expr, c: number): Expr {
  return mul(c, tanh(div(x, c)));
}
