// Takes: a config. Gives: the text of its config.json.
// Promises: numbers that the config classes of transformers take as float only have a point, 50.0: without it they refuse the file.
import type { Json } from '../../config.ts';

/** Keys whose fields are typed `float`, not `float | int`. */
const floats = [
  'attn_logit_softcapping', 'final_logit_softcapping', 'logit_scale', 'clip_qkv', 'softmax_scale', 'embedding_fraction', 'init_std',
  'initializer_range', 'initializer_cutoff_factor', 'lambda_std_dev', 'layer_norm_eps', 'layer_norm_epsilon', 'norm_eps', 'norm_epsilon', 'rms_norm_eps',
]; // prettier-ignore

/** A line of its own for each key. */
const wholeFloat = new RegExp(`^( *"(?:${floats.join('|')})": -?\\d+)(?=,?$)`, 'gm');

export function configText(config: Json): string {
  return `${JSON.stringify(config, null, 2).replaceAll(wholeFloat, '$1.0')}\n`;
}
