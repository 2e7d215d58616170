// Takes: an owner (`mixer gqa`, `model`) and a key. Gives: what the schema says of them.
// Promises: total: null where the schema knows nothing; the kinds are those that loading check.ts declares.
import type { Constructor, Kind } from '../schema/kind.ts';
import type { Key, Keys } from '../schema/key-type.ts';
import { modelKeys } from '../schema/kinds.ts';
import { towersKeys } from '../schema/parts/tower-kinds.ts';
import { allKinds } from '../schema/register.ts';

export function kindNamed(name: string): Kind | null {
  return allKinds().get(name) ?? null;
}

/** Of `mixer gqa`. */
export function constructorOf(owner: string): Constructor | null {
  const [kind = '', name = ''] = owner.split(' ');
  const constructors = kindNamed(kind)?.constructors ?? {};
  return Object.hasOwn(constructors, name) ? (constructors[name] ?? null) : null;
}

export function keysOf(owner: string | null): Keys | null {
  if (owner === null) return null;
  if (owner === 'towers') return towersKeys;
  return owner === 'model' ? modelKeys : (constructorOf(owner)?.keys ?? null);
}

export function keyOf(owner: string | null, key: string): Key<unknown> | null {
  const keys = keysOf(owner);
  return keys !== null && Object.hasOwn(keys, key) ? (keys[key] ?? null) : null;
}

/** The kind whose constructors a definition takes: `mixer attn`, `embed token`, or a key that says so. */
export function kindOfKey(owner: string | null, role: string, key: string): Kind | null {
  // Targets of init (`attn.o`) all take an init.
  if (owner === 'init' || owner === 'start') return kindNamed(owner);
  const byRole = kindNamed(role);
  if (byRole !== null) return byRole;
  const byKey = keyOf(owner, key)?.kind;
  return byKey === undefined ? kindNamed(key) : kindNamed(byKey);
}
