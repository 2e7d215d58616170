// Takes: a rope's specification. Gives: its inverse frequencies and the factor on cos and sin.
// Promises: the numbers of Hugging Face transformers (modeling_rope_utils.py), in float64.
import type { RopeScaling, RopeSpec } from '../../2-check/model.ts';

export interface RopeFrequencies {
  /** One per pair, dim / 2 of them: angle = position * inverse[j]. */
  readonly inverse: readonly number[];
  /** Multiplies cos and sin. */
  readonly factor: number;
  /** What of this changes with the length n of a run; null: nothing. */
  readonly byLength: ByLength | null;
}

export type ByLength =
  /** Other frequencies where n > original. */
  | { readonly kind: 'switch'; readonly original: number; readonly inverse: readonly number[] }
  /** inverse[j] / g^exponents[j], g = max(growth n / original - (growth - 1), 1). */
  | {
      readonly kind: 'grow';
      readonly original: number;
      readonly growth: number;
      readonly exponents: readonly number[];
    };

type Scaling<K extends RopeScaling['kind']> = Extract<RopeScaling, { kind: K }>;

/** inv_j = theta^(-2j / dim). RoFormer, arXiv 2104.09864. */
function unscaled(spec: RopeSpec): number[] {
  return Array.from({ length: spec.dim / 2 }, (_, j) => spec.theta ** ((-2 * j) / spec.dim));
}

/** Long waves / factor, short waves kept, a linear blend between. Llama 3.1. */
function llama3(inverse: number, s: Scaling<'llama3'>): number {
  const wavelength = (2 * Math.PI) / inverse;
  if (wavelength < s.original / s.high) return inverse;
  if (wavelength > s.original / s.low) return inverse / s.factor;
  const t = (s.original / wavelength - s.low) / (s.high - s.low);
  return inverse * ((1 - t) / s.factor + t);
}

/** m(s) = 0.1 * mscale * ln s + 1 */
function yarnMscale(factor: number, mscale: number): number {
  return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
}

function yarnFactor(s: Scaling<'yarn'>): number {
  if (s.attentionFactor !== null) return s.attentionFactor;
  // As transformers does: zero counts as absent.
  if (s.mscale && s.mscaleAllDim) return yarnMscale(s.factor, s.mscale) / yarnMscale(s.factor, s.mscaleAllDim);
  return yarnMscale(s.factor, 1);
}

/** YaRN, arXiv 2309.00071: pairs that turn often keep their frequency, slow pairs are divided by `factor`. */
function yarn(spec: RopeSpec, s: Scaling<'yarn'>): number[] {
  // The pair that turns `rotations` times over the original context.
  const pair = (rotations: number) =>
    (spec.dim * Math.log(s.original / (rotations * 2 * Math.PI))) / (2 * Math.log(spec.theta));
  const round = s.truncate ? { low: Math.floor, high: Math.ceil } : { low: Number, high: Number };
  const low = Math.max(round.low(pair(s.betaFast)), 0);
  const end = Math.min(round.high(pair(s.betaSlow)), spec.dim - 1);
  const high = end === low ? end + 0.001 : end;
  return unscaled(spec).map((inverse, j) => {
    const ramp = Math.min(Math.max((j - low) / (high - low), 0), 1);
    return (inverse / s.factor) * ramp + inverse * (1 - ramp);
  });
}

/** theta grows to theta g^(dim / (dim - 2)), the base of NTK scaling (transformers, modeling_rope_utils.py). */
function dynamic(spec: RopeSpec, s: Scaling<'dynamic'>): RopeFrequencies {
  const exponents = Array.from({ length: spec.dim / 2 }, (_, j) => (j === 0 ? 0 : (2 * j) / (spec.dim - 2)));
  const byLength = { kind: 'grow', original: s.original, growth: s.factor, exponents } as const;
  return { inverse: unscaled(spec), factor: 1, byLength };
}

/** arXiv 2402.13753 */
function longrope(spec: RopeSpec, s: Scaling<'longrope'>): RopeFrequencies {
  const by = (list: readonly number[]) => unscaled(spec).map((inverse, j) => inverse / (list[j] ?? Number.NaN));
  const inferred = s.factor <= 1 ? 1 : Math.sqrt(1 + Math.log(s.factor) / Math.log(s.original));
  const byLength = { kind: 'switch', original: s.original, inverse: by(s.long) } as const;
  return { inverse: by(s.short), factor: s.attentionFactor ?? inferred, byLength };
}

const fixed = (inverse: readonly number[], factor = 1): RopeFrequencies => ({ inverse, factor, byLength: null });

/** The inverse frequencies of a rope after its scaling. */
export function ropeFrequencies(spec: RopeSpec): RopeFrequencies {
  const { scaling } = spec;
  switch (scaling.kind) {
    case 'none':
      return fixed(unscaled(spec));
    case 'linear':
      return fixed(unscaled(spec).map((inverse) => inverse / scaling.factor));
    case 'llama3':
      return fixed(unscaled(spec).map((inverse) => llama3(inverse, scaling)));
    case 'yarn':
      return fixed(yarn(spec, scaling), yarnFactor(scaling));
    case 'dynamic':
      return dynamic(spec, scaling);
    case 'longrope':
      return longrope(spec, scaling);
  }
}
