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

type Spec = Pick<GenerateSpec, 'temperature' | 'topK' | 'topP' | 'minP' | 'maxTokens' | 'stop'>;

/** `block`: where the file has one; `generation`: generation_config.json, as read; `defaults`: where nobody says anything. */
export function settingsOf(
  flags: SettingFlags,
  block: Spec | undefined,
  generation: Readonly<Record<string, unknown>>,
  defaults: Spec,
): Settings {
  const stored = storedSettings(generation);
  const said = block ?? { ...defaults, ...present(stored) };
  // Who asks how to choose does not want the likeliest token every time.
  const isSampling = [flags.topK, flags.topP, flags.minP].some((flag) => flag !== undefined);
  const isGreedy = flags.greedy ?? (flags.temperature === undefined && block === undefined && stored.isGreedy && !isSampling); // prettier-ignore
  return {
    temperature: isGreedy ? 0 : (flags.temperature ?? said.temperature),
    topK: flags.topK ?? said.topK,
    topP: flags.topP ?? said.topP,
    minP: flags.minP ?? said.minP,
    maxTokens: flags.maxTokens ?? said.maxTokens,
    seed: flags.seed ?? 0,
    stop: flags.stop ?? said.stop,
  };
}

/** Without what is null. */
function present(stored: Stored): Partial<Spec> {
  const keys = ['temperature', 'topK', 'topP', 'minP', 'maxTokens'] as const;
  return Object.fromEntries(keys.flatMap((key) => (stored[key] === null ? [] : [[key, stored[key]]])));
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
