// Takes: layer_types and the window of a config, or the masks of a model. Gives: which layers see a window only, and back.
// Promises: layers are full_attention or sliding_attention, else a ConfigError; a window counts the query's own position.
import type { MaskSpec } from '../../../2-check/model.ts';
import type { Config, Json } from '../../config.ts';
import { ConfigError } from '../../config-error.ts';
import type { ModelFacts } from '../../model-facts.ts';
import { numberText } from '../../statements.ts';

/** Of each layer whether it slides: by `layer_types`, else by `otherwise`. @throws ConfigError */
export function slidingLayers(config: Config, otherwise: (layer: number) => boolean): boolean[] {
  const types = config.texts('layer_types');
  config.passOver('layer_types');
  return Array.from({ length: config.count('num_hidden_layers') }, (_, i) => {
    const type = types === null ? null : types[i];
    if (type === null) return otherwise(i);
    if (type === 'full_attention' || type === 'sliding_attention') return type === 'sliding_attention';
    throw new ConfigError(`layer_types[${i}] = ${JSON.stringify(type) ?? 'nothing'} is not understood; full_attention and sliding_attention are`); // prettier-ignore
  });
}

/** The same where layers differ by their window alone: none slides when the window is as long as the context. @throws ConfigError */
export function windowedLayers(config: Config, size: number | null, otherwise: (layer: number) => boolean): boolean[] {
  const slides = slidingLayers(config, otherwise);
  if (slides.includes(true) && size === null) throw new ConfigError('layer_types has sliding_attention but sliding_window has no value'); // prettier-ignore
  return slides.map((each) => each && windowMask(config, size) !== undefined);
}

/** The mask of layers that see `size` positions; undefined where that is all of them. */
export function windowMask(config: Config, size: number | null): string | undefined {
  if (size === null || size >= config.count('max_position_embeddings')) return undefined;
  return `causal & window(${numberText(size)})`;
}

/** Of a causal mask; null: no window. @throws ConfigError for other masks */
export function windowOf(mask: MaskSpec): number | null {
  const parts = mask.kind === 'all' ? mask.parts : [mask];
  const windows = parts.flatMap((part) => (part.kind === 'window' ? [part.size] : []));
  const causal = parts.some(({ kind }) => kind === 'causal');
  if (!causal || windows.length > 1 || windows.length + 1 !== parts.length) throw new ConfigError('its masks are not causal with or without one window'); // prettier-ignore
  return windows[0] ?? null;
}

/** Of each layer. */
export function windowsOf(facts: ModelFacts): (number | null)[] {
  return facts.mixers.map(({ mask }) => windowOf(mask));
}

/** `sliding_window`, which is `idle` where no layer slides, and `layer_types`. @throws ConfigError */
export function windowJson(facts: ModelFacts, idle: number | null = null): Json {
  const windows = windowsOf(facts);
  const [size, ...others] = new Set(windows.filter((each) => each !== null));
  if (others.length > 0) throw new ConfigError('its layers have windows of different sizes');
  const layer_types = windows.map((each) => (each === null ? 'full_attention' : 'sliding_attention'));
  return { sliding_window: size ?? idle, layer_types };
}
