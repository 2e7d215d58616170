// Takes: use_sliding_window, sliding_window, max_window_layers and layer_types of Qwen's configs. Gives: which layers slide, and back.
// Promises: as Qwen's config class: without use_sliding_window there is no window; the layers from max_window_layers on slide.
import type { Config, Json } from '../../config.ts';
import type { ModelFacts } from '../../model-facts.ts';
import type { Keys } from '../../statements.ts';
import { layeredAttention, type LayeredAttention } from './layers.ts';
import { windowJson, windowMask, windowedLayers, windowsOf } from './windows.ts';

/** What both config classes have. */
export const windowDefaults: Json = { use_sliding_window: false, sliding_window: 4096, max_window_layers: 28 };

/** `global` layers and `local` ones. @throws ConfigError */
export function windowedAttention(config: Config, keys: Keys): LayeredAttention {
  const window = config.flag('use_sliding_window') ? config.countOrNull('sliding_window') : null;
  config.passOver('sliding_window');
  const first = config.number('max_window_layers');
  const slides = windowedLayers(config, window, (layer) => window !== null && layer >= first);
  const local = { mask: windowMask(config, window) };
  return layeredAttention(keys, { global: {}, local }, slides.map((each) => (each ? 'local' : 'global'))); // prettier-ignore
}

/** @throws ConfigError */
export function windowedJson(facts: ModelFacts): Json {
  const windows = windowsOf(facts);
  const first = windows.findIndex((each) => each !== null);
  return {
    ...windowJson(facts),
    use_sliding_window: first >= 0,
    max_window_layers: first < 0 ? windows.length : first,
  };
}
