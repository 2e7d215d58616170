// Takes: a checked model, of one stack or of towers. Gives: what a comparison asks of it.
// Promises: one question, one function; nothing else of a diff knows that there are two kinds.
import { canonicalEntries } from '../../2-check/canonical.ts';
import { towerEntries } from '../../2-check/canonical/tower-tree.ts';
import type { Layer, Model, TowerModel } from '../../2-check/model.ts';
import type { Parameter } from '../../2-check/parameters/parameter.ts';
import { parameters } from '../../2-check/parameters/parameters.ts';
import { towerParameters } from '../../2-check/parameters/towers.ts';

export type AnyModel = Model | TowerModel;

export function isTowers(model: AnyModel): model is TowerModel {
  return 'towers' in model;
}

/** The canonical form as flat keys. */
export function entriesOf(model: AnyModel): ReadonlyMap<string, string> {
  return new Map(isTowers(model) ? towerEntries(model) : canonicalEntries(model));
}

export function parametersOf(model: AnyModel): readonly Parameter[] {
  return isTowers(model) ? towerParameters(model) : parameters(model);
}

/** Layers by tower; the one stack of a model has no name. */
export function stacksOf(model: AnyModel): ReadonlyMap<string | null, readonly Layer[]> {
  if (!isTowers(model)) return new Map([[null, model.layers]]);
  return new Map(model.towers.map(({ name, layers }) => [name, layers]));
}
