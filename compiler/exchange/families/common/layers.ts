// Takes: the attention of a model, and how some of its layers differ. Gives: mixers, the head of the block and the stack.
// Promises: one mixer where all layers are alike; else one of each kind that occurs, the first in full, the rest by their changes.
import { block, stack, type Keys, type Value } from '../../statements.ts';

export interface LayeredAttention {
  readonly mixers: readonly string[];
  /** Of the block: `main`, or `main(mix)` where layers differ. */
  readonly head: string;
  /** What its equations call the attention. */
  readonly mix: string;
  readonly stack: string;
}

/** A kind of layers is the changes to `shared` that make it. */
export function layeredAttention(
  shared: Keys,
  kinds: Readonly<Record<string, Keys>>,
  layers: readonly string[],
): LayeredAttention {
  const used = Object.entries(kinds).filter(([name]) => layers.includes(name));
  const [first, ...rest] = used;
  const full = { ...shared, ...first?.[1] };
  if (first === undefined || rest.length === 0) {
    const all = stack(layers.map(() => 'main'));
    return { mixers: [block('mixer attn = gqa', full)], head: 'main', mix: 'attn', stack: all };
  }
  const derived = rest.map(([name, keys]) =>
    block(`mixer ${name} = ${first[0]}`, changes(full, { ...shared, ...keys })),
  );
  const mixers = [block(`mixer ${first[0]} = gqa`, full), ...derived];
  return { mixers, head: 'main(mix)', mix: 'mix', stack: stack(layers.map((name) => `main(${name})`)) };
}

/** What a key is where nothing is said of it; others have no such value. */
const silent: Readonly<Record<string, Value>> = { mask: 'causal', scaling: 'none', partial: 1, pairing: 'half' };

/** The keys of `to` that differ from `from`'s. */
function changes(from: Keys, to: Keys): Keys {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])];
  return Object.fromEntries(
    names.flatMap((name): [string, Value | Keys][] => {
      const [a, b] = [from[name], to[name] ?? silent[name]];
      if (JSON.stringify(a ?? silent[name]) === JSON.stringify(b)) return [];
      if (typeof a !== 'object' || typeof b !== 'object' || '=' in b) return [[name, b]];
      return [[name, changes(a, b)]];
    }),
  );
}
