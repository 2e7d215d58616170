// Takes: what the command line, the model's generate block and its generation_config.json say. Gives: how to choose tokens.
// Promises: in this order; what nobody says is a default that is the same everywhere.
import type { GenerateSpec } from '../../compiler/2-check/model.ts';
import type { SampleSettings } from './sample.ts';

export interface SettingFlags {
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly greedy?: boolean;
}

export interface Settings extends SampleSettings {
  readonly maxTokens: number;
  readonly seed: number;
  readonly stop: readonly string[];
}

/** `generation`: generation_config.json, as read; `maxTokens`: where nobody says how many. */
export function settingsOf(
  flags: SettingFlags,
  spec: GenerateSpec | undefined,
  generation: Readonly<Record<string, unknown>>,
  maxTokens: number,
): Settings {
  const stored = storedSettings(generation);
  // Who asks how to choose does not want the likeliest token every time.
  const isSampling = [flags.topK, flags.topP, flags.minP].some((flag) => flag !== undefined);
  const temperature =
    flags.temperature ?? spec?.temperature ?? (stored.isGreedy && !isSampling ? 0 : stored.temperature);
  return {
    temperature: flags.greedy === true ? 0 : (temperature ?? 1),
    topK: flags.topK ?? (spec ? spec.topK : stored.topK),
    topP: flags.topP ?? (spec ? spec.topP : stored.topP),
    minP: flags.minP ?? (spec ? spec.minP : stored.minP),
    maxTokens: flags.maxTokens ?? spec?.maxTokens ?? stored.maxTokens ?? maxTokens,
    seed: flags.seed ?? 0,
    stop: flags.stop ?? spec?.stop ?? [],
  };
}

interface Stored {
  readonly isGreedy: boolean;
  readonly temperature: number | null;
  readonly topK: number | null;
  readonly topP: number | null;
  readonly minP: number | null;
  readonly maxTokens: number | null;
}

/** A number that is out of its range is as good as none: transformers writes top_k 0 and top_p 1 for no limit. */
function storedSettings(generation: Readonly<Record<string, unknown>>): Stored {
  const within = (key: string, low: number, high: number): number | null => {
    const value = generation[key];
    return typeof value === 'number' && value > low && value < high ? value : null;
  };
  return {
    isGreedy: generation['do_sample'] === false || generation['temperature'] === 0,
    temperature: within('temperature', 0, Infinity),
    topK: within('top_k', 0, Infinity),
    topP: within('top_p', 0, 1),
    minP: within('min_p', 0, 1),
    maxTokens: within('max_new_tokens', 0, Infinity),
  };
}
