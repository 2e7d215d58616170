// Takes: what a config.json says. Gives: its text.
// Promises: one that came with the model stays as it was, to the last digit; in others a float is written as one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExportedConfig } from '../../../compiler/exchange/export-config.ts';
import type { OpenModel } from '../open-model.ts';
import type { WeightDtype } from '../weight-source.ts';

/** Keys whose value transformers refuses as an integer. */
const floats = [
  'attn_logit_softcapping', 'clip_qkv', 'embedding_fraction', 'final_logit_softcapping', 'init_std',
  'initializer_cutoff_factor', 'initializer_range', 'lambda_std_dev', 'layer_norm_eps', 'layer_norm_epsilon', 'logit_scale',
  'norm_eps', 'norm_epsilon', 'rms_norm_eps', 'softmax_scale',
]; // prettier-ignore

const torchNames = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const;

/** `dtype`: of the weights; null: as the config says it. */
export function configText(
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
  const text = JSON.stringify({ ...config, [key]: name }, null, 2);
  return `${text.replace(new RegExp(`^( *"(?:${floats.join('|')})": -?\\d+)(?=,?$)`, 'gm'), '$1.0')}\n`;
}
