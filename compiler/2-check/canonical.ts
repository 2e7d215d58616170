// Takes: a checked model. Gives: its canonical form as flat keys; the basis of `modelc diff`.
// Promises: deterministic; two models with the same entries compute the same function and start the same way.
import { canonicalItems } from './canonical/model-tree.ts';
import { entriesOf } from './canonical/tower-tree.ts';
import type { Model } from './model.ts';

/** `['attn.kv_heads', '2']`, in the order of the canonical text. Of towers: towerEntries. */
export function canonicalEntries(model: Model): readonly (readonly [string, string])[] {
  return entriesOf(canonicalItems(model));
}
