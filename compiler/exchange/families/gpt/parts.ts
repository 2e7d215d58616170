// Takes: a config. Gives: the parts that GPT-2 and the models after it share, as statements.
// Promises: what is at the language's default is left out.
import { activation } from '../../activations.ts';
import type { Config } from '../../config.ts';
import { block, unless, type Keys } from '../../statements.ts';

/** The template `ln`; `key` holds its eps. */
export function layerNorm(config: Config, key: string, keys: Keys = {}): string {
  return block('norm ln = layer', { eps: unless(config.number(key), 1e-5), ...keys });
}

/** The part `mlp`: up, activation, down; null in `width` is four times d_model. */
export function plainFfn(
  config: Config,
  { act, width, hasBias = true }: { readonly act: string; readonly width: string; readonly hasBias?: boolean },
): string {
  const four = 4 * config.count('hidden_size');
  return block('ffn mlp = mlp', {
    act: activation(config, act),
    width: unless(config.countOrNull(width) ?? four, four),
    bias: hasBias ? 'all' : undefined,
  });
}
