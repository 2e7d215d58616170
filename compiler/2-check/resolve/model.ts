// Takes: a model's section, everything overlaid. Gives: the Model.
// Promises: every declared part is checked, used or not; a model with a fault is not built.
import { checkCondition } from '../evaluate/condition.ts';
import { attempt, Stop, tell, type Section } from '../evaluate/section.ts';
import { canonicalText } from '../canonical/text.ts';
import type { Model } from '../model.ts';
import { readKeys } from '../schema/key-type.ts';
import { modelKeys } from '../schema/kinds.ts';
import { ownersOf } from '../schema/register.ts';
import { weightMaps } from '../weights/map.ts';
import { checkDeclared, checkUsed, isModelSection } from './declared.ts';
import { checkTiedWidths, embedSpec, headSpec } from './ends.ts';
import { resolveLayers } from './layers.ts';
import { checkKvFrom } from './mixers/kv-from.ts';
import { mtpSpec } from './mtp.ts';
import { resolveStack, type Stack } from './stack.ts';

const places = [
  'embed',
  'embed.positions',
  'embed.project',
  'head',
  'head.transform',
  'head.project',
  'mtp.project',
] as const;

export interface ResolvedModel {
  readonly model: Model;
  readonly stack: Stack;
  readonly profile: 'research' | 'production';
}

/** @throws Stop after the faults were reported. */
export function resolveModel(section: Section, name: string): ResolvedModel {
  const sizes = attempt(() => readKeys(modelKeys, section, ownersOf, isModelSection));
  const declared = section.world.sizesOnly || checkDeclared(section, sizes?.n_layers ?? 1, places);
  if (sizes === null) throw new Stop(name);
  const { vocab, context, d_model: dModel, n_layers: nLayers, profile } = sizes;
  const embed = attempt(() => embedSpec(section, { vocab, dModel }));
  const head = attempt(() => headSpec(section, { vocab, dModel }));
  const stack = attempt(() => resolveStack(section, nLayers));
  if (stack === null || embed === null || head === null || !declared) throw new Stop(name);
  checkTiedWidths(section, embed, head, dModel);
  const layers = resolveLayers(stack, section);
  checkKvFrom(layers, section);
  const mtp = mtpSpec(section, nLayers);
  const bare = { name, vocab, context, dModel, nLayers, embed, layers, head, mtp, weights: [], span: section.span };
  if (section.world.sizesOnly) return { model: { ...bare, canonical: '' }, stack, profile };
  checkUsed(section);
  const canonical = canonicalText({ ...bare, canonical: '' });
  const model: Model = { ...bare, canonical };
  return { model: { ...model, weights: weightMaps(section, model) }, stack, profile };
}

/** `assert` and `require` of a model, which may ask for its own size, or of a tower. */
export function checkModelAssertions(section: Section): void {
  const [owner = 'model'] = section.owner.split(' ');
  for (const { keyword, args, span } of section.body.clauses) {
    // What a report names is checked where its figures are made.
    if (keyword === 'report') continue;
    if (keyword !== 'assert' && keyword !== 'require') {
      tell(section, 'unknown-key', span, { key: keyword, owner });
    } else args.forEach((arg) => attempt(() => checkCondition(arg, section)));
  }
}
