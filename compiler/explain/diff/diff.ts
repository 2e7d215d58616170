// Takes: two checked models, and how they were written. Gives: how they differ: keys, layers, costs, parameters.
// Promises: compares what the models mean; equal functions give an empty diff, however they were written.
import { type CostDelta, costDeltas } from './costs.ts';
import { type ChangedKey, changedKeys, type OverriddenKey, overriddenKeys } from './keys.ts';
import { type LayerChange, layerChanges } from './layers.ts';
import { type ParameterChanges, parameterChanges } from './parameters.ts';
import type { AnyModel } from './subject.ts';
import type { WrittenPair } from './written.ts';

export interface ModelDiff {
  readonly a: string;
  readonly b: string;
  /** True: both compute the same function and start the same way. */
  readonly same: boolean;
  /** Keys that the two texts set differently; null where the texts were not given. */
  readonly overridden: readonly OverriddenKey[] | null;
  /** Keys of the canonical forms. */
  readonly changed: readonly ChangedKey[];
  readonly layers: readonly LayerChange[];
  readonly costs: readonly CostDelta[];
  readonly parameters: ParameterChanges;
}

export function diffModels(a: AnyModel, b: AnyModel, written: WrittenPair | null = null): ModelDiff {
  const changed = changedKeys(a, b, written);
  return {
    a: a.name,
    b: b.name,
    same: changed.length === 0,
    overridden: written === null ? null : overriddenKeys(a, b, written),
    changed,
    layers: layerChanges(a, b),
    costs: costDeltas(a, b),
    parameters: parameterChanges(a, b),
  };
}
