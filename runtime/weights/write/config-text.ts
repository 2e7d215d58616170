// Takes: what a config.json says, and the model it is for. Gives: the text of the file.
// Promises: one that came with the model stays as it was, to the last digit; in others a float is written as one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../../compiler/exchange/config.ts';
import type { ExportedConfig } from '../../../compiler/exchange/export-config.ts';
import type { OpenModel } from '../open-model.ts';
import type { WeightDtype } from '../weight-source.ts';

/** Keys whose fields are typed `float`, not `float | int`: config classes of transformers refuse 50, and take 50.0. */
const floats = [
  'attn_logit_softcapping', 'clip_qkv', 'embedding_fraction', 'final_logit_softcapping', 'init_std',
  'initializer_cutoff_factor', 'initializer_range', 'lambda_std_dev', 'layer_norm_eps', 'layer_norm_epsilon', 'logit_scale',
  'norm_eps', 'norm_epsilon', 'rms_norm_eps', 'softmax_scale',
]; // prettier-ignore

/** A line of its own for each key. */
const wholeFloat = new RegExp(`^( *"(?:${floats.join('|')})": -?\\d+)(?=,?$)`, 'gm');

export function configText(config: Json): string {
  return `${JSON.stringify(config, null, 2).replaceAll(wholeFloat, '$1.0')}\n`;
}

const torchNames = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const;

/** `dtype`: of the weights; null: as the config says it. */
export function configFile(
  { config }: ExportedConfig,
  open: Pick<OpenModel, 'config' | 'home'>,
  dtype: WeightDtype | null,
): string {
  const key = config['torch_dtype'] === undefined ? 'dtype' : 'torch_dtype';
  const name = dtype === null ? config[key] : torchNames[dtype];
  if (config === open.config) {
    const text = readFileSync(join(open.home, 'config.json'), 'utf8');
    const changed = config[key] === name ? text : text.replace(new RegExp(`("${key}"\\s*:\\s*)("[^"]*"|null)`), `$1"${String(name)}"`); // prettier-ignore
    if ((JSON.parse(changed) as Record<string, unknown>)[key] === name) return changed;
  }
  return configText({ ...config, [key]: name });
}
