// Takes: the name of an activation in config.json. Gives: its name in the language, and back.
// Promises: by formula (transformers/activations.py), whatever it is called.
import type { Activation } from '../2-check/model.ts';
import { actName } from '../2-check/parameters/activations.ts';
import type { Config } from './config.ts';
import { ConfigError } from './config-error.ts';

const meanings: Readonly<Record<string, string>> = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_python: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  quick_gelu: 'quick_gelu',
  relu: 'relu',
  relu2: 'relu2',
  sigmoid: 'sigmoid',
  tanh: 'tanh',
  linear: 'identity',
  xielu: 'xielu',
};

/** @throws ConfigError */
export function activation(config: Config, key: string, fallback?: string): string {
  return config.word(key, meanings, fallback);
}

/** Names that old versions of transformers know too. @throws ConfigError */
export function activationName(of: Activation): string {
  const act = actName(of);
  const preferred = act === 'gelu_tanh' ? 'gelu_pytorch_tanh' : Object.keys(meanings).find((name) => meanings[name] === act); // prettier-ignore
  if (preferred !== undefined) return preferred;
  throw new ConfigError(`transformers has no activation for act = ${act}`);
}
