// Takes: what config.json says of rotary positions, in the form of any version of transformers. Gives: a rope block, and back.
// Promises: a kind of scaling or a key of it that is not known is an error.
import { ropeFrequencies } from '../3-graph/model/rope-frequencies.ts';
import type { RopeScaling, RopeSpec } from '../2-check/model.ts';
import type { Config, Json } from './config.ts';
import { ConfigError } from './config-error.ts';
import { numberText, unless, type Keys } from './statements.ts';

export interface RopeDefaults {
  readonly theta?: number;
  /** The share of head_dim that turns; undefined: the family's code turns all, whatever is said. */
  readonly partial?: number;
  readonly pairing?: 'half' | 'interleaved';
  /** Where older files keep theta of a kind of layers: `rope_local_base_freq`. */
  readonly thetaKey?: string;
}

/**
 * The keys of a rope block: from `rope_scaling`, else `rope_parameters` (transformers 5), and from `rope_theta` and
 * `partial_rotary_factor` at the top.
 * @throws ConfigError
 */
export function ropeKeys(config: Config, defaults: RopeDefaults = {}): Keys {
  const [scaling, parameters] = [config.group('rope_scaling'), config.group('rope_parameters')];
  if (scaling !== null) parameters?.passOverAll();
  return ropeOf(scaling ?? parameters, config, defaults);
}

/** The keys of a rope block whose parameters stand in `group`, and at the top where they do not. @throws ConfigError */
export function ropeOf(group: Config | null, config: Config, defaults: RopeDefaults = {}): Keys {
  const { thetaKey = 'rope_theta', pairing } = defaults;
  config.passOver(thetaKey);
  const theta = group?.has('rope_theta') ? group.number('rope_theta') : config.number(thetaKey, defaults.theta ?? 10_000); // prettier-ignore
  const partial = partialOf(group, config, defaults);
  return {
    theta,
    partial: partial === 1 ? undefined : partial,
    pairing: pairing === 'interleaved' ? 'interleaved' : undefined,
    scaling: group === null ? undefined : scalingKeys(group, config),
  };
}

function partialOf(group: Config | null, config: Config, defaults: RopeDefaults): number {
  if (defaults.partial === undefined) {
    for (const each of [config, group]) each?.only('partial_rotary_factor', 1);
    return 1;
  }
  const share = config.number('partial_rotary_factor', defaults.partial);
  return group?.number('partial_rotary_factor', share) ?? share;
}

/** The context before scaling: at the top (Phi-3), in the group, else the model's own. */
function originalContext(group: Config, config: Config): number {
  const own = config.count('max_position_embeddings', 2048);
  return config.count('original_max_position_embeddings', group.count('original_max_position_embeddings', own));
}

type ScalingRule = (group: Config, config: Config) => Keys | undefined;

const rules: Readonly<Record<string, ScalingRule>> = {
  default: () => undefined,
  linear: (group) => ({ '=': 'linear', factor: group.number('factor') }),
  // Grows from the model's own context, whatever is said of an original one.
  dynamic: (group, config) => ({
    '=': 'dynamic',
    factor: group.number('factor'),
    original: config.count('max_position_embeddings', 2048),
  }),
  llama3: (group, config) => ({
    '=': 'llama3',
    factor: group.number('factor'),
    low: group.number('low_freq_factor'),
    high: group.number('high_freq_factor'),
    original: originalContext(group, config),
  }),
  yarn(group, config) {
    const original = originalContext(group, config);
    const factor = optional(group, 'factor') ?? config.count('max_position_embeddings') / original;
    return {
      '=': 'yarn',
      factor,
      original,
      beta_fast: unless(optional(group, 'beta_fast'), 32),
      beta_slow: unless(optional(group, 'beta_slow'), 1),
      truncate: group.flag('truncate', true),
      ...yarnAttention(group, factor),
    };
  },
  longrope,
  su: longrope, // the name of the first Phi-3 files
};

function longrope(group: Config, config: Config): Keys {
  const original = originalContext(group, config);
  const factors = (key: string): string => `[${(group.numbers(key) ?? missing(group, key)).join(', ')}]`;
  return {
    '=': 'longrope',
    factor: optional(group, 'factor') ?? config.count('max_position_embeddings') / original,
    original,
    short: factors('short_factor'),
    long: factors('long_factor'),
    attention_factor: optional(group, 'attention_factor'),
  };
}

/** What yarn multiplies cos and sin by; where nothing is said, as a formula: the number has no end. */
function yarnAttention(group: Config, factor: number): Keys {
  const [said, mscale, all] = ['attention_factor', 'mscale', 'mscale_all_dim'].map((key) => optional(group, key));
  if (said !== undefined) return { attention_factor: said };
  if (mscale && all) return { mscale, mscale_all_dim: all };
  return { attention_factor: factor <= 1 ? 1 : `0.1 * log(${numberText(factor)}) + 1` };
}

function optional(group: Config, key: string): number | undefined {
  return group.has(key) ? group.number(key) : undefined;
}

function missing(group: Config, key: string): never {
  throw new ConfigError(`${group.name(key)} is missing`);
}

function scalingKeys(group: Config, config: Config): Keys | undefined {
  const key = group.has('rope_type') ? 'rope_type' : 'type';
  // Files that were switched from one kind to another keep keys of the first.
  group.passOver('type', 'original_max_position_embeddings');
  return group.word(key, rules, 'default')(group, config);
}

/** `rope_parameters` of one rope. `partial` of head_dim turns. */
export function ropeParameters(rope: RopeSpec, headDim: number): Json {
  const partial = rope.dim === headDim ? {} : { partial_rotary_factor: rope.dim / headDim };
  return { rope_theta: rope.theta, ...partial, ...scalingJson(rope.scaling, rope) };
}

function scalingJson(scaling: RopeScaling, rope: RopeSpec): Json {
  switch (scaling.kind) {
    case 'none':
      return { rope_type: 'default' };
    case 'linear':
      return { rope_type: 'linear', factor: scaling.factor };
    case 'dynamic':
      return { rope_type: 'dynamic', factor: scaling.factor };
    case 'llama3': {
      const { factor, low, high, original } = scaling;
      return { rope_type: 'llama3', factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: original }; // prettier-ignore
    }
    case 'longrope': {
      const { factor, original, short, long } = scaling;
      const attention = scaling.attentionFactor === null ? {} : { attention_factor: scaling.attentionFactor };
      return { rope_type: 'longrope', factor, original_max_position_embeddings: original, short_factor: short, long_factor: long, ...attention }; // prettier-ignore
    }
    case 'yarn':
      break;
  }
  const { factor, original, betaFast, betaSlow, truncate } = scaling;
  // The factor that follows from mscale is said as a number: older versions of transformers do not derive it.
  const attention_factor = ropeFrequencies(rope).factor;
  return { rope_type: 'yarn', factor, original_max_position_embeddings: original, beta_fast: betaFast, beta_slow: betaSlow, truncate, attention_factor }; // prettier-ignore
}
