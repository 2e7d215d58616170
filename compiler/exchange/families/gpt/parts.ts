// Takes: numbers of a config. Gives: the parts that GPT-2 and the models after it share, as statements.
// Promises: what is at the language's default is left out.
import { block, type Value } from '../../statements.ts';

/** The value, left out where the language says it anyway. */
export function unless<T extends Value>(value: T, byDefault: T): T | undefined {
  return value === byDefault ? undefined : value;
}

/** The template `ln`, with gain and bias. */
export function layerNorm(eps: number): string {
  return block('norm ln = layer', { eps: unless(eps, 1e-5) });
}

/** The part `mlp`: up, activation, down. */
export function mlp(act: string, width: number, dModel: number, hasBias: boolean): string {
  return block('ffn mlp = mlp', { act, width: unless(width, 4 * dModel), bias: hasBias ? 'all' : undefined });
}
