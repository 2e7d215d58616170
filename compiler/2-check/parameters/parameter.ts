// Takes: linear maps, norms, experts. Gives: the parameters they have, relative to the part they belong to.
// Promises: plain data; a weight [out, in], experts stacked in front.
import type { Init, InitSpec, NormSpec, ParameterClass, ProjectionSpec } from '../model.ts';

/** `fan_in` is a normal once the shape is known; `input`: how many numbers each output sums. */
export function startOf(init: InitSpec, input: number): Init {
  return init.kind === 'fan_in' ? { kind: 'normal', std: init.gain / Math.sqrt(input) } : init;
}

/** A dim of a parameter: its size is a number. */
export interface ParameterDim {
  readonly name: string;
  readonly size: number;
}

export type OptimizedAs = Exclude<ParameterClass, 'all' | 'rest'>;

export interface Parameter {
  /** `layers.0.attn.q.weight`; within a part `q.weight`. */
  readonly name: string;
  /** Of a linear map: [out, in]. */
  readonly dims: readonly ParameterDim[];
  readonly init: Init;
  /**
   * Exactly one: `embed` the embedding matrix and learned positions, `head` the untied head's matrix, otherwise
   * `matrix` (linear maps) or `vector` (all else: gains, biases, decays, convolutions per channel).
   */
  readonly class: OptimizedAs;
  /** The share of its elements that one token uses: below 1 for experts. */
  readonly active: number;
}

export const constant = (value: number): Init => ({ kind: 'constant', value });

export function dim(name: string, size: number): ParameterDim {
  return { name, size };
}

/** `input`: what each output sums, for `fan_in`. */
export function tensor(
  name: string,
  dims: readonly ParameterDim[],
  init: InitSpec,
  as: OptimizedAs,
  input = 1,
): Parameter {
  return { name, dims, init: startOf(init, input), class: as, active: 1 };
}

/** A gain, a bias, a decay: anything that is no linear map. */
export function vector(name: string, dims: readonly ParameterDim[], init: InitSpec, input = 1): Parameter {
  return tensor(name, dims, init, 'vector', input);
}

export function linear(name: string, spec: ProjectionSpec, out: ParameterDim, input: ParameterDim): Parameter[] {
  const weight = tensor(`${name}.weight`, [out, input], spec.init, 'matrix', input.size);
  return spec.bias ? [weight, vector(`${name}.bias`, [out], constant(0))] : [weight];
}

/** A norm over `over`; none: no parameters. */
export function norm(name: string, spec: NormSpec | null, over: ParameterDim): Parameter[] {
  if (spec === null) return [];
  const gain = spec.gain === 'none' ? [] : [vector(`${name}.gain`, [over], constant(spec.gain === 'weight' ? 1 : 0))];
  return spec.bias ? [...gain, vector(`${name}.bias`, [over], constant(0))] : gain;
}

/** A causal convolution per channel. */
export function convolution(
  name: string,
  channels: ParameterDim,
  kernel: number,
  bias: boolean,
  init: InitSpec,
): Parameter[] {
  // prettier-ignore
  const weight = vector(`${name}.weight`, [channels, dim('kernel', kernel)], init, kernel);
  return bias ? [weight, vector(`${name}.bias`, [channels], constant(0))] : [weight];
}

export function within(prefix: string, parameters: readonly Parameter[]): Parameter[] {
  return parameters.map((each) => ({ ...each, name: `${prefix}.${each.name}` }));
}

/** `n` copies of a part stacked, of which a token uses `used`. */
export function stacked(parameters: readonly Parameter[], n: number, used: number): Parameter[] {
  return parameters.map((each) => ({
    ...each,
    dims: [dim(each.dims.some(({ name }) => name === 'expert') ? 'outer_expert' : 'expert', n), ...each.dims],
    active: (each.active * used) / n,
  }));
}

/** The number of elements of a parameter. */
export function elements(parameter: Parameter): number {
  return parameter.dims.reduce((product, { size }) => product * size, 1);
}
