// Takes: a kind. Gives: the type of a key that holds one of its constructors, read to plain data.
// Promises: `ns_steps` is `nsSteps` there, the constructor is its `kind`; a key named `kind` is its `form`.
import { ownersOf } from '../register.ts';
import { build, type Constructors, type Kind } from '../kind.ts';
import type { Keys, KeyType } from '../key-type.ts';

type Camel<S extends string> = S extends 'kind' ? 'form' : S extends `${infer A}_${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S; // prettier-ignore

export type PlainKeys<K extends Keys> = {
  readonly [N in keyof K & string as Camel<N>]: K[N] extends KeyType<infer T> ? T : never;
};

export type Plain<C extends Constructors> = {
  readonly [N in keyof C & string]: { readonly kind: N } & PlainKeys<C[N]['keys']>;
}[keyof C & string];

/** `muon { ns_steps = 5 }` is `{ kind: 'muon', nsSteps: 5 }`. */
export function plainType<C extends Constructors>(kind: Kind<C>): KeyType<Plain<C>> {
  const names = Object.keys(kind.constructors);
  return {
    expects: `${kind.name}: ${names.join(', ')}`,
    kind: kind.name,
    words: names,
    read(slot) {
      const { constructor, keys } = build(slot, kind, ownersOf);
      // One entry per key of the constructor's table.
      return { ...camelKeys(keys), kind: constructor } as unknown as Plain<C>;
    },
  };
}

/** Of a kind with one constructor: a block of keys. */
export function sectionType<K extends Keys>(
  kind: Kind<Readonly<Record<string, { about: string; keys: K }>>>,
): KeyType<PlainKeys<K>> {
  // prettier-ignore
  return {
    expects: `a block of ${kind.name}`,
    kind: kind.name,
    // One entry per key of the table.
    read: (slot) => camelKeys(build(slot, kind, ownersOf).keys) as PlainKeys<K>,
  };
}

function camelKeys(keys: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(keys).map(([name, value]) => [name === 'kind' ? 'form' : camel(name), value])); // prettier-ignore
}

function camel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
