// Takes: a checked model. Gives: its parameters: names, shapes, how they start, their optimizer class.
// Promises: each weight once, however often it is used; an order that depends on the model alone.
import type {
  BlockExpr, FfnSpec, GqaSpec, Init, Layer, Model, NormSpec, ParameterClass, ProjectionSpec, QkNormSpec,
} from '../../2-check/model.ts'; // prettier-ignore
import { invariant } from '../../diagnostics.ts';
import type { TensorType } from '../types.ts';

/** A dim of a parameter: its size is a number. */
export interface ParameterDim {
  readonly name: string;
  readonly size: number;
}

export interface Parameter {
  /** `layers.0.attn.q.weight` */
  readonly name: string;
  /** Of a linear map: [out, in]. */
  readonly dims: readonly ParameterDim[];
  readonly init: Init;
  /**
   * Exactly one: `embed` the embedding matrix and learned positions, `head` the untied head's matrix, otherwise
   * `matrix` (rank 2) or `vector` (rank 1).
   */
  readonly class: Exclude<ParameterClass, 'all' | 'rest'>;
}

const constant = (value: number): Init => ({ kind: 'constant', value });

/** Collects parameters in order of first use; the same name again must have the same shape. */
class ParameterList {
  private readonly byName = new Map<string, Parameter>();

  add(name: string, dims: readonly ParameterDim[], init: Init, place?: 'embed' | 'head'): void {
    const parameter: Parameter = { name, dims, init, class: place ?? (dims.length > 1 ? 'matrix' : 'vector') };
    const seen = this.byName.get(name);
    const shape = (p: Parameter) => p.dims.map((dim) => `${dim.name}=${dim.size}`).join(' ');
    invariant(!seen || shape(seen) === shape(parameter), `two shapes for parameter ${name}`);
    if (!seen) this.byName.set(name, parameter);
  }

  norm(name: string, spec: NormSpec, dim: ParameterDim): void {
    if (spec.gain !== 'none') this.add(`${name}.gain`, [dim], constant(spec.gain === 'weight' ? 1 : 0));
    if (spec.bias) this.add(`${name}.bias`, [dim], constant(0));
  }

  linear(name: string, spec: ProjectionSpec, out: ParameterDim, input: ParameterDim): void {
    this.add(`${name}.weight`, [out, input], spec.init);
    if (spec.bias) this.add(`${name}.bias`, [out], constant(0));
  }

  finish(): readonly Parameter[] {
    return [...this.byName.values()];
  }
}

/** All queries, or all keys or values, of one token: `q_dim` = heads * head_dim, `kv_dim` = kv_heads * head_dim. */
export function projectionDims(spec: GqaSpec): { readonly q: ParameterDim; readonly kv: ParameterDim } {
  return {
    q: { name: 'q_dim', size: spec.heads * spec.headDim },
    kv: { name: 'kv_dim', size: spec.kvHeads * spec.headDim },
  };
}

function addQkNorm(list: ParameterList, name: string, spec: QkNormSpec, mixer: GqaSpec): void {
  const { q, kv } = projectionDims(mixer);
  const head = { name: 'head_dim', size: mixer.headDim };
  list.norm(`${name}.q_norm`, spec, spec.per === 'head' ? head : q);
  list.norm(`${name}.k_norm`, spec, spec.per === 'head' ? head : kv);
}

function addMixer(list: ParameterList, name: string, spec: GqaSpec, dModel: ParameterDim): void {
  const { q, kv } = projectionDims(spec);
  list.linear(`${name}.q`, spec.q, q, dModel);
  list.linear(`${name}.k`, spec.k, kv, dModel);
  list.linear(`${name}.v`, spec.v, kv, dModel);
  list.linear(`${name}.o`, spec.o, dModel, q);
  if (spec.qkNorm) addQkNorm(list, name, spec.qkNorm, spec);
}

function addFfn(list: ParameterList, name: string, spec: FfnSpec, dModel: ParameterDim): void {
  const width = { name: 'width', size: spec.width };
  if (spec.kind === 'glu') list.linear(`${name}.gate`, spec.gate, width, dModel);
  list.linear(`${name}.up`, spec.up, width, dModel);
  list.linear(`${name}.down`, spec.down, dModel, width);
}

function addExpr(list: ParameterList, layer: Layer, expr: BlockExpr, dModel: ParameterDim): void {
  switch (expr.kind) {
    case 'ref':
    case 'number':
      return;
    case 'arithmetic':
      addExpr(list, layer, expr.left, dModel);
      addExpr(list, layer, expr.right, dModel);
      return;
    case 'norm':
      addExpr(list, layer, expr.input, dModel);
      list.norm(`layers.${layer.index}.${expr.instance}`, expr.spec, dModel);
      return;
    case 'mixer':
      addExpr(list, layer, expr.input, dModel);
      addMixer(list, `layers.${layer.index}.${expr.name}`, expr.spec, dModel);
      return;
    case 'ffn':
      addExpr(list, layer, expr.input, dModel);
      addFfn(list, `layers.${layer.index}.${expr.name}`, expr.spec, dModel);
  }
}

/** The parameters of a model in order: embedding, layers in order of use, head. */
export function parameters(model: Model): readonly Parameter[] {
  const list = new ParameterList();
  const vocab = { name: 'vocab', size: model.vocab };
  const dModel = { name: 'd_model', size: model.dModel };
  const { embed, head } = model;
  list.add('embed.weight', [vocab, dModel], embed.init, 'embed');
  if (embed.positions) {
    const position = { name: 'position', size: embed.positions.length };
    list.add('embed.positions', [position, dModel], embed.positions.init, 'embed');
  }
  if (embed.norm) list.norm('embed.norm', embed.norm, dModel);
  for (const layer of model.layers) {
    for (const equation of layer.equations) addExpr(list, layer, equation.value, dModel);
  }
  if (head.norm) list.norm('head.norm', head.norm, dModel);
  if (!embed.tied) list.add('head.weight', [vocab, dModel], head.init, 'head');
  if (head.bias) list.add('head.bias', [vocab], constant(0));
  return list.finish();
}

/** The type of a parameter's tensor. */
export function parameterType(parameter: Parameter): TensorType {
  return { type: 'f32', dims: parameter.dims };
}

/** The number of elements of a parameter. */
export function elements(parameter: Parameter): number {
  return parameter.dims.reduce((product, dim) => product * dim.size, 1);
}
