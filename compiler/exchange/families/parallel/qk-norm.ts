// Takes: eps and what differs. Gives: a layer norm of queries and keys.
// Promises: what is at the language's default is left out.
import type { Keys } from '../../statements.ts';
import { unless } from '../gpt/parts.ts';

/** The value of `qk_norm`. */
export function qkNorm(eps: number, keys: Keys): Keys {
  return { '=': 'layer', eps: unless(eps, 1e-5), ...keys };
}
