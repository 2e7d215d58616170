// Takes: rope parameters that stand apart for layers that slide and layers that do not. Gives: a rope block for each, and back.
// Promises: files of transformers before 5, where a scaling stands alone and thetas have names of their own, are read as it reads them.
import type { GqaSpec } from '../../../2-check/model.ts';
import type { Config, Json } from '../../config.ts';
import type { ModelFacts } from '../../model-facts.ts';
import { ropeOf, ropeParameters, type RopeDefaults } from '../../rope.ts';
import type { Keys } from '../../statements.ts';
import { windowOf } from './windows.ts';

export interface LayerRopes {
  readonly full: Keys;
  readonly sliding: Keys;
}

export interface LayerRopeDefaults {
  readonly full: RopeDefaults;
  readonly sliding: RopeDefaults;
}

/** @throws ConfigError */
export function layerRopes(config: Config, { full, sliding }: LayerRopeDefaults): LayerRopes {
  const [scaling, parameters] = [config.group('rope_scaling'), config.group('rope_parameters')];
  const [ofFull, ofSliding] = [parameters?.group('full_attention') ?? null, parameters?.group('sliding_attention') ?? null]; // prettier-ignore
  if (scaling === null) return { full: ropeOf(ofFull, config, full), sliding: ropeOf(ofSliding, config, sliding) };
  ofFull?.passOverAll();
  const theta = scaling.has('rope_theta') ? null : ofFull?.has('rope_theta') ? ofFull.number('rope_theta') : null;
  const scaled = ropeOf(scaling, config, full);
  return {
    full: theta === null ? scaled : { ...scaled, theta },
    sliding: ropeOf(ofSliding, config, sliding),
  };
}

/** `rope_parameters` by layer type. @throws ConfigError when layers of one type differ */
export function layerRopeJson(facts: ModelFacts): Json {
  const headDim = facts.attention('head_dim', (spec) => spec.headDim);
  const slides = (spec: GqaSpec): boolean => windowOf(spec.mask) !== null;
  const of = (which: (spec: GqaSpec) => boolean): Json => {
    const used = facts.mixers.some(which) ? which : () => true;
    return ropeParameters(facts.rope(used), headDim);
  };
  return { full_attention: of((spec) => !slides(spec)), sliding_attention: of(slides) };
}
