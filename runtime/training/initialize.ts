// Takes: a parameter's name, size and initialisation, and a seed. Gives: its first values.
// Promises: the same seed gives the same values; a parameter's values do not depend on the other parameters.
import type { Init } from '../../compiler/2-check/model.ts';
import { hashOf, hashText, normal, uniform } from '../data/random.ts';

/** Row-major f32 values of a parameter with `size` elements. */
export function initialValues(name: string, size: number, init: Init, seed: number): Float32Array<ArrayBuffer> {
  const stream = hashOf(seed, hashText(name));
  const values = new Float32Array(size);
  const draw = sampler(init, stream);
  for (let i = 0; i < size; i++) values[i] = draw(i);
  return values;
}

function sampler(init: Init, stream: number): (i: number) => number {
  switch (init.kind) {
    case 'constant':
      return () => init.value;
    case 'uniform':
      return (i) => init.bound * (2 * uniform(stream, i) - 1);
    case 'normal':
      return (i) => init.std * normal(stream, i);
    case 'trunc_normal':
      return (i) => init.std * truncatedNormal(stream, i, init.cut);
    case 'log_range':
      return (i) => Math.log(1 + (i % init.count));
    case 'step_size':
      return (i) => inverseSoftplus(stepSize(init, uniform(stream, i)));
    case 'copy':
      throw new Error(`internal: an init from ${init.from} reached a fresh start`);
  }
}

function stepSize({ min, max, floor }: Extract<Init, { kind: 'step_size' }>, draw: number): number {
  return Math.max(floor, Math.exp(Math.log(min) + draw * (Math.log(max) - Math.log(min))));
}

/** log(e^x - 1) */
function inverseSoftplus(x: number): number {
  return x + Math.log(-Math.expm1(-x));
}

/** Redraws from further streams until the number lies within `cut`. */
function truncatedNormal(stream: number, index: number, cut: number): number {
  for (let attempt = 0; ; attempt++) {
    const value = normal(attempt === 0 ? stream : hashOf(stream, attempt), index);
    if (Math.abs(value) <= cut) return value;
  }
}
