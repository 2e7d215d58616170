// Takes: a checked model. Gives: its canonical form as flat keys; the basis of `modelc diff`.
// Promises: deterministic; two models with the same entries compute the same function and start the same way.
import { canonicalItems } from './canonical/model-tree.ts';
import { flatten } from './canonical/text.ts';
import { inline } from './canonical/tree.ts';
import type { Model } from './model.ts';

/** `['attn.kv_heads', '2']`, in the order of the canonical text. */
export function canonicalEntries(model: Model): readonly (readonly [string, string])[] {
  return canonicalItems(model).flatMap(({ head, path, value }) => {
    const isBlock = head.startsWith('block ') && typeof value !== 'string';
    if (!isBlock) return flatten(path, value);
    return [[path, value.keys.map(([name, text]) => `${name} = ${inline(text)}`).join('; ')]];
  });
}
