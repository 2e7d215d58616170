// Takes: a generate block of a model, std's defaults and a variant's overrides laid over it. Gives: its GenerateSpec.
// Promises: E10: what is given here can be decoded with a cache.
import { fail, sectionOf, Stop, tell, type Section } from '../evaluate/section.ts';
import type { GenerateSpec, Model } from '../model.ts';
import { readKeys } from '../schema/key-type.ts';
import { ownersOf } from '../schema/register.ts';
import { generateKind } from '../schema/train-kinds.ts';
import { acausalMixer } from '../resolve/parts.ts';
import type { BlockOf } from './train.ts';

/** @throws Stop */
export function generateSpec(block: BlockOf, parent: Section, model: Model | null): GenerateSpec {
  const { name, body, span } = block;
  const section = sectionOf({ path: 'generate', owner: 'generate generate', parent, body, span }, parent.world);
  const keys = readKeys(generateKind.constructors.generate.keys, section, ownersOf, (_, key) => key === 'model');
  for (const clause of body.clauses) {
    tell(section, 'todo-key', clause.span, { key: clause.keyword, owner: 'generate' });
  }
  if (model === null || body.clauses.length > 0) throw new Stop('generate');
  const mixer = acausalMixer(model);
  if (mixer !== null) fail(section, 'decode-mask', section.span, { model: model.name, mixer });
  const { temperature, top_k: topK, top_p: topP, min_p: minP } = keys.sample.keys;
  const { max_tokens: maxTokens, stop } = keys;
  return { name, model: model.name, temperature, topK, topP, minP, maxTokens, stop, span };
}
